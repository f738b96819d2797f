import type { MirrorAddress } from './mirrors.ts';
import type { ImageReference } from './reference.ts';

/** Why these mirrors cannot agree on what an image's tag means: one host has one voice. Undefined: they may. */
export function tooFewForQuorum(image: ImageReference, mirrors: readonly MirrorAddress[]): string | undefined {
  const [first, ...others] = new Set(mirrors.map(({ host }) => host));
  if (image.digest !== undefined || others.length > 0) return undefined;
  return `VERIFY_DIGEST=quorum wants two mirrors to agree on what a tag means, and only ${first} serves ${image.registry}; add one to DOCKER_PROXY_URL, or name the image by digest`;
}
