import { isLoopback, mirrorImage } from '../images/mirrors.ts';
import { type ImageReference, parseReference } from '../images/reference.ts';
import { askableMirrors, type ImageRules } from '../images/rules.ts';
import { isStatic, type Pod } from './pod.ts';
import type { StuckContainer } from './stuck.ts';

/** Where a pod may be sent for an image, in order: what a runtime can pull without being told more than the address. */
export function patchAddresses(image: ImageReference, rules: ImageRules): { mirror: string; address: string }[] {
  const mirrors = askableMirrors(image, rules);
  if ('refused' in mirrors) return [];
  // A kubelet asks the one mirror, and believes it.
  if (rules.verifyDigest === 'quorum' && image.digest === undefined) return [];
  const addresses = mirrors
    .filter(({ scheme, host }) => scheme === 'https' || isLoopback(host.replace(/:\d+$/, '')))
    .map((mirror) => ({ mirror: mirror.host, address: mirrorImage(mirror, image) }));
  // Two entries may come to one address, and what comes after it must not be itself.
  return addresses.filter(({ address }, index) => addresses.findIndex((one) => one.address === address) === index);
}

/**
 * What a container should name next in its image's place.
 *
 * @param now what it names now
 * @param original what it named before it was first given a mirror's address; undefined: it never was
 * @param first the mirror to begin with, if one is known to have the image
 * @returns the address, and whether it is the original that is put back; undefined: everything was tried
 */
export function nextAddress(
  now: string,
  original: string | undefined,
  rules: ImageRules,
  first?: string,
): { address: string; putBack: boolean } | undefined {
  const reference = parseReference(original ?? now);
  if (reference === undefined || original === now) return undefined;
  const addresses = patchAddresses(reference, rules);
  if (original === undefined) {
    const begin = addresses.find(({ mirror }) => mirror === first) ?? (first === undefined ? addresses[0] : undefined);
    return begin && { address: begin.address, putBack: false };
  }
  // What is no address of that original was not put there by us: the annotation is whatever somebody wrote.
  const at = addresses.findIndex(({ address }) => address === now);
  if (at < 0) return undefined;
  const next = addresses[at + 1];
  return next === undefined ? { address: original, putBack: true } : { address: next.address, putBack: false };
}

/** Why the image of this container cannot be changed in its pod, or undefined: it can. */
export function unpatchable(
  pod: Pod,
  { kind, container }: Pick<StuckContainer, 'kind' | 'container'>,
): string | undefined {
  if (isStatic(pod)) return 'it is a static pod, whose images stand in a file on its node';
  if (kind === 'ephemeral container' || kind === 'image volume')
    return `the image of ${kind === 'image volume' ? 'a volume' : 'an ephemeral container'} (${container}) cannot be changed in a pod`;
  return undefined;
}

/** What is told where nothing is left to be tried in the image's place. */
export function whyNoAddress({ original, image }: Pick<StuckContainer, 'original' | 'image'>): string {
  if (original !== undefined && original !== image)
    return `${image} is no address at which DOCKER_PROXY_URL has ${original}; make the pod anew`;
  return original === undefined
    ? 'no mirror that has it can be addressed in a pod (a mirror over plain http cannot, nor a tag with VERIFY_DIGEST=quorum); use a mirror with TLS, or name the image by digest'
    : "every mirror's address was tried in its place and failed, and the original is back; check the mirrors, then make the pod anew";
}
