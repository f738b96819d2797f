import { imageName, parseReference } from '../../shared/images/reference.ts';
import { originalImages } from '../../shared/pods/originals.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';

/**
 * The other pod of the node, if any, in which this image runs under a mirror's address, and that address: a kubelet that keeps records has
 * pulled it as that, and refuses it under its own name from then on.
 */
export function runsByAddress(others: readonly Pod[], image: string): { pod: Pod; address: string } | undefined {
  for (const pod of others) {
    const originals = originalImages(pod);
    for (const { name, image: address } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      const original = originals[name];
      if (original === undefined || address === undefined || original === address) continue;
      if (fullName(original) === image) return { pod, address };
    }
  }
  return undefined;
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
    return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(
      (container) =>
        waiting.has(container.name) &&
        container.imagePullPolicy === 'IfNotPresent' &&
        fullName(container.image ?? '') === image,
    );
  });
}

function fullName(image: string): string | undefined {
  const reference = parseReference(image);
  return reference && imageName(reference);
}
