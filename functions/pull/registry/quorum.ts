import type { Elsewhere } from '../../../shared/pods/elsewhere.ts';

/** What one mirror says that a tag means. */
export interface Vote {
  /** The mirror's host: one that has two paths in DOCKER_PROXY_URL still has one voice. */
  readonly host: string;
  readonly digest: string;
}

const rule = 'VERIFY_DIGEST=quorum';

/** The first two votes of different mirrors that agree, or undefined. */
export function agreement<T extends Vote>(votes: readonly T[]): [T, T] | undefined {
  for (const [index, one] of votes.entries()) {
    const other = votes.slice(0, index).find(({ host, digest }) => digest === one.digest && host !== one.host);
    if (other !== undefined) return [other, one];
  }
  return undefined;
}

/** Why votes decide nothing, for people. */
export function disagreement(image: string, votes: readonly Vote[]): string {
  const wish = `${rule} wants two mirrors to agree on what a tag means (name the image by digest, or add a mirror)`;
  const said = votes.map(({ host, digest }) => `${host} says ${digest}`).join(', ');
  if (votes.length === 0) return `no mirror served ${image}`;
  return new Set(votes.map(({ host }) => host)).size < 2
    ? `only one mirror served ${image}, and ${wish}: ${said}`
    : `the mirrors do not agree on ${image}, and ${wish}: ${said}`;
}

/**
 * Why what the mirrors agree on is not taken, for people: another node runs the image's name as something else. Which node
 * that is may be another tenant's business, and is said in the log only.
 */
export function contradiction(image: string, digest: string, elsewhere: readonly Elsewhere[]): string | undefined {
  if (elsewhere.every((one) => one.digest === digest)) return undefined;
  return `name ${image} by its digest: another node runs it as something else than ${digest}, on which the mirrors agree, and ${rule} refuses that`;
}
