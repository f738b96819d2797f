import { type ImageReference, imageName, parseReference } from '../images/reference.ts';
import type { ContainerStatus, Pod } from './pod.ts';

/**
 * The waiting reasons under which an image could not be had (kubelet, pkg/kubelet/images/types.go; RegistryUnavailable
 * comes from CRI-O). SignatureValidationFailed is here so that the refusal can be told.
 */
export const stuckReasons = [
  'ErrImagePull',
  'ImagePullBackOff',
  'RegistryUnavailable',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'SignatureValidationFailed',
] as const;

export type StuckReason = (typeof stuckReasons)[number];

/** A container that waits because its image cannot be had. */
export interface StuckContainer {
  readonly container: string;
  /** As the pod's spec has it. */
  readonly image: string;
  /** Undefined where `image` is no reference (InvalidImageName). */
  readonly reference: ImageReference | undefined;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly reason: StuckReason;
  /** The kubelet's words; empty where it gave none. */
  readonly message: string;
}

/** The containers of a pod that wait for an image. Empty for a pod that is being deleted or has ended: nothing can help it. */
export function stuckContainers(pod: Pod): StuckContainer[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return [];
  const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return allStatuses(pod).flatMap((status) => {
    const waiting = status.state?.waiting;
    const reason = stuckReasons.find((known) => known === waiting?.reason);
    const spec = byName.get(status.name);
    if (reason === undefined || spec?.image === undefined) return [];
    return {
      container: status.name,
      image: spec.image,
      reference: parseReference(spec.image),
      pullPolicy: pullPolicy(spec.imagePullPolicy),
      reason,
      message: waiting?.message ?? '',
    };
  });
}

/** The containers of a pod that wait for this image, whatever spelling each of them uses. */
export function waitingFor(pod: Pod, image: string): StuckContainer[] {
  return stuckContainers(pod).filter((stuck) => stuck.reference !== undefined && imageName(stuck.reference) === image);
}

export function allStatuses(pod: Pod): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

function pullPolicy(text: string | undefined): StuckContainer['pullPolicy'] {
  return text === 'Always' || text === 'Never' ? text : 'IfNotPresent';
}
