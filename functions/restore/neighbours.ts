import { fullName, parseReference } from '../../shared/images/reference.ts';
import type { ImageRules } from '../../shared/images/rules.ts';
import { originalImages } from '../../shared/pods/originals.ts';
import { patchAddresses } from '../../shared/pods/patch.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';

/**
 * The mirror's address, if any, under which this image runs in another pod of the node: a kubelet that keeps records has
 * pulled it as that, and refuses it under its own name from then on.
 */
export function runsByAddress(others: readonly Pod[], image: string, rules: ImageRules): string | undefined {
  const reference = parseReference(image);
  const addresses = reference === undefined ? [] : patchAddresses(reference, rules).map(({ address }) => address);
  for (const pod of others) {
    const originals = originalImages(pod);
    // An annotation alone says nothing: anybody may have written it. A container that runs by an address was pulled by it.
    for (const { name, state } of allStatuses(pod)) {
      if (state?.running === undefined && state?.terminated === undefined) continue;
      const address = containersOf(pod).find((container) => container.name === name)?.image;
      if (address !== undefined && addresses.includes(address) && fullName(originals.get(name) ?? '') === image)
        return address;
    }
  }
  return undefined;
}

function containersOf(pod: Pod): Pod['spec']['containers'] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
}

/**
 * Whether another pod of the node is still to start this image under its own name. Once a kubelet that keeps records has
 * pulled the image under a mirror's address, it refuses that name to whoever has not started yet.
 */
export function waitToStart(others: readonly Pod[], image: string): boolean {
  return others.some((pod) => {
    if (pod.metadata.deletionTimestamp !== undefined) return false;
    const waiting = new Set(
      allStatuses(pod).flatMap(({ name, state }) => (state?.waiting === undefined ? [] : [name])),
    );
    return containersOf(pod).some(
      (container) =>
        waiting.has(container.name) &&
        container.imagePullPolicy === 'IfNotPresent' &&
        fullName(container.image ?? '') === image,
    );
  });
}
