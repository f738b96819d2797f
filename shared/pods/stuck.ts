import { fullName, type ImageReference, parseReference } from '../images/reference.ts';
import { originalImages } from './originals.ts';
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

/** A container that waits because its image, or that of a volume of its, cannot be had. */
export interface StuckContainer {
  readonly container: string;
  /** Where in the spec the image stands: only the first two can be changed. */
  readonly kind: 'container' | 'init container' | 'ephemeral container' | 'image volume';
  /** As the pod's spec has it. */
  readonly image: string;
  /** Undefined where `image` is no reference (InvalidImageName). */
  readonly reference: ImageReference | undefined;
  /** What the spec named before the container was given a mirror's address; equal to `image` once it was put back. */
  readonly original: string | undefined;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly reason: StuckReason;
  /** The kubelet's words; empty where it gave none. */
  readonly message: string;
}

type Wanted = Pick<StuckContainer, 'kind' | 'image' | 'pullPolicy'>;

/** The containers of a pod that wait for an image. Empty for a pod that is being deleted or has ended: nothing can help it. */
export function stuckContainers(pod: Pod): StuckContainer[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return [];
  const originals = originalImages(pod);
  const wanted = wantedImages(pod);
  return allStatuses(pod).flatMap((status) => {
    const waiting = status.state?.waiting;
    const reason = stuckReasons.find((known) => known === waiting?.reason);
    if (reason === undefined) return [];
    const message = waiting?.message ?? '';
    return missing(wanted.get(status.name) ?? [], message).map((one) => ({
      ...one,
      container: status.name,
      reference: parseReference(one.image),
      original: one.kind === 'image volume' ? undefined : originals.get(status.name),
      reason,
      message,
    }));
  });
}

/** The full name of the image that a stuck container was meant to run, whatever address it has now. */
export function wantedImage({ image, original }: StuckContainer): string {
  return fullName(original ?? image) ?? image;
}

/** The containers of a pod that wait for this image under its own name, whatever spelling each of them uses. */
export function waitingFor(pod: Pod, image: string): StuckContainer[] {
  return stuckContainers(pod).filter((stuck) => fullName(stuck.image) === image);
}

/** The containers of this pod that run and whose spec names this image, whatever its spelling. */
export function running(pod: Pod, image: string): ContainerStatus[] {
  const wanted = wantedImages(pod);
  return allStatuses(pod).filter(
    ({ name, state }) => state?.running !== undefined && wanted.get(name)?.some((one) => fullName(one.image) === image),
  );
}

/**
 * Whether the kubelet's words are about the image that the spec has now. After a change the kubelet shows the new image
 * with the old one's reason for a moment; only its words tell which one failed.
 */
export function failedAs({ message }: Pick<StuckContainer, 'message'>, image: string): boolean {
  const full = fullName(image);
  return message.includes(`"${image}"`) || (full !== undefined && message.includes(`"${full}"`));
}

export function allStatuses(pod: Pod): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

/** By container: its own image first, then those of the image volumes that it mounts. */
function wantedImages(pod: Pod): Map<string, Wanted[]> {
  const { initContainers = [], containers, ephemeralContainers = [], volumes = [] } = pod.spec;
  const found = new Map<string, Wanted[]>();
  for (const [kind, list] of [
    ['init container', initContainers],
    ['container', containers],
    ['ephemeral container', ephemeralContainers],
  ] as const) {
    for (const { name, image, imagePullPolicy, volumeMounts = [] } of list) {
      const mounted = volumes.flatMap((volume) => {
        const reference = volume.image?.reference;
        if (reference === undefined || !volumeMounts.some((mount) => mount.name === volume.name)) return [];
        return { kind: 'image volume' as const, image: reference, pullPolicy: pullPolicy(volume.image?.pullPolicy) };
      });
      const own = image === undefined ? [] : [{ kind, image, pullPolicy: pullPolicy(imagePullPolicy) }];
      found.set(name, [...own, ...mounted]);
    }
  }
  return found;
}

/**
 * Which of a container's images is the missing one. The status has one reason for all of them; where the kubelet's words
 * name a volume's image, it is that one (kuberuntime_manager.go, toKubeContainerImageVolumes).
 */
function missing(wanted: readonly Wanted[], message: string): readonly Wanted[] {
  const [own, ...volumes] = wanted;
  if (own === undefined || volumes.length === 0) return wanted.slice(0, 1);
  const named = volumes.filter(({ image }) => failedAs({ message }, image));
  return named.length > 0 ? named : [own];
}

function pullPolicy(text: string | undefined): StuckContainer['pullPolicy'] {
  return text === 'Always' || text === 'Never' ? text : 'IfNotPresent';
}
