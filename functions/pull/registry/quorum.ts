import * as z from 'zod';
import type { Elsewhere } from '../../../shared/pods/elsewhere.ts';
import type { Manifest } from './manifest.ts';

/** What one mirror says that a tag means. */
export interface Vote {
  /** The mirror's host: one that has two paths in DOCKER_PROXY_URL still has one voice. */
  readonly host: string;
  readonly digest: string;
}

const indexSchema = z.object({ manifests: z.array(z.object({ digest: z.string() })) });
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
  const wish = `${rule} wants two mirrors to agree on what a tag means`;
  const said = votes.map(({ host, digest }) => `${host} says ${digest}`).join(', ');
  if (votes.length === 0) return `no mirror served ${image}`;
  return new Set(votes.map(({ host }) => host)).size < 2
    ? `only one mirror served ${image}, and ${wish}: ${said}`
    : `the mirrors do not agree on ${image}, and ${wish}: ${said}`;
}

/** Why what the mirrors agree on is not taken, for people: another node runs the image's name as something else. */
export function contradiction(
  image: string,
  { digest, body }: Pick<Manifest, 'digest' | 'body'>,
  elsewhere: readonly Elsewhere[],
): string | undefined {
  const other = elsewhere.find((one) => one.digest !== digest && !lists(body, one.digest));
  return (
    other &&
    `node ${other.node} runs ${image} as ${other.digest}, the mirrors agree on ${digest}, and ${rule} takes nothing that differs from what runs already; name the image by its digest to say which is meant`
  );
}

/** Whether a manifest is the index of another: some runtimes report the manifest of their platform. */
function lists(body: Buffer, digest: string): boolean {
  try {
    return indexSchema.parse(JSON.parse(body.toString('utf8'))).manifests.some((one) => one.digest === digest);
  } catch {
    return false;
  }
}
