/** What one mirror says that a tag means. */
export interface Vote {
  /** The mirror's host: one that has two paths in DOCKER_PROXY_URL still has one voice. */
  readonly host: string;
  readonly digest: string;
}

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
  const rule = 'VERIFY_DIGEST=quorum wants two mirrors to agree on what a tag means';
  const said = votes.map(({ host, digest }) => `${host} says ${digest}`).join(', ');
  if (votes.length === 0) return `no mirror served ${image}`;
  return new Set(votes.map(({ host }) => host)).size < 2
    ? `only one mirror served ${image}, and ${rule}: ${said}`
    : `the mirrors do not agree on ${image}, and ${rule}: ${said}`;
}
