import type { Cause } from '../../shared/causes/classify.ts';
import { imageName, parseReference } from '../../shared/images/reference.ts';
import { originalImages } from '../../shared/pods/originals.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses, stuckContainers } from '../../shared/pods/stuck.ts';
import { clean } from '../../shared/words/clean.ts';
import type { Snapshot } from '../read/snapshot.ts';
import { causeOfStuck } from './cause.ts';
import { containerState } from './patched.ts';
import { type PullReport, pullReports, rfc3339 } from './pulls.ts';
import { type StuckReport, stuckReports } from './stuck.ts';

/** One image of a pod: a container's own, or that of a volume. */
export interface ImageReport {
  /** `container app`, `init container wait`, `ephemeral container debug`, `image volume data`. */
  readonly of: string;
  /** As the spec has it now. */
  readonly image: string;
  /** What it named before it was given a mirror's address. */
  readonly original?: string;
  readonly pullPolicy?: string;
  /** `running`, `ended` or the kubelet's waiting reason; absent for volumes. */
  readonly state?: string;
  /** What the kubelet says of it, cleaned; absent where it says nothing. */
  readonly words?: string;
  /** Where its image cannot be had: why. */
  readonly cause?: Cause;
}

/** What `image-rescue explain POD -o json` prints. Fields are only ever added; all times are RFC 3339. */
export interface Explanation {
  readonly at: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node?: string;
  readonly created?: string;
  readonly phase: string;
  readonly images: readonly ImageReport[];
  /** As in the status, one entry per image that it waits for. */
  readonly stuck: readonly StuckReport[];
  /** The pulls of its images on its node, the oldest first. */
  readonly pulls: readonly PullReport[];
  /** What image-rescue told it, the oldest first. */
  readonly events: readonly {
    readonly at: string;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
    readonly count: number;
  }[];
  readonly missing: readonly string[];
}

/** The whole story of the snapshot's one pod. */
export function explanation(pod: Pod, snapshot: Snapshot): Explanation {
  const { namespace, name, uid, creationTimestamp } = pod.metadata;
  const { nodeName } = pod.spec;
  const all = pullReports(snapshot);
  const images = imageReports(pod, snapshot);
  const names = new Set(images.flatMap(({ image, original }) => [image, original].flatMap(fullName)));
  return {
    at: rfc3339(snapshot.at),
    namespace,
    pod: name,
    ...(nodeName !== undefined && { node: nodeName }),
    ...(creationTimestamp != null && { created: rfc3339(Date.parse(creationTimestamp)) }),
    phase: pod.status?.phase ?? 'Unknown',
    images,
    stuck: stuckReports(pod, all, snapshot),
    pulls: all.filter(({ image, node }) => node === nodeName && names.has(image)).reverse(),
    events: (snapshot.told.get(uid) ?? []).map(({ at, type, reason, message, count }) => ({
      at: rfc3339(at),
      type: clean(type),
      reason: clean(reason),
      message: clean(message),
      count,
    })),
    missing: snapshot.missing,
  };
}

function imageReports(pod: Pod, snapshot: Snapshot): ImageReport[] {
  const { initContainers = [], containers, ephemeralContainers = [], volumes = [] } = pod.spec;
  const originals = originalImages(pod);
  const stuck = stuckContainers(pod);
  const told = snapshot.kubelet.get(pod.metadata.uid);
  const kinds = [
    ['init container', initContainers],
    ['container', containers],
    ['ephemeral container', ephemeralContainers],
  ] as const;
  const own = kinds.flatMap(([kind, list]) =>
    list.map(({ name, image = '', imagePullPolicy }) => {
      const waits = stuck.find((one) => one.container === name && one.kind !== 'image volume');
      const known = waits && causeOfStuck(waits, told);
      const words = known?.words ?? allStatuses(pod).find((one) => one.name === name)?.state?.waiting?.message ?? '';
      const original = originals.get(name);
      return {
        of: `${kind} ${name}`,
        image: clean(image),
        ...(original !== undefined && original !== image && { original }),
        ...(imagePullPolicy !== undefined && { pullPolicy: imagePullPolicy }),
        state: containerState(pod, name),
        ...(words !== '' && { words: clean(words) }),
        ...(known !== undefined && { cause: { cause: known.cause, helps: known.helps, advice: known.advice } }),
      };
    }),
  );
  const ofVolumes = volumes.flatMap(({ name, image }) => {
    if (image?.reference === undefined) return [];
    const waits = stuck.find((one) => one.kind === 'image volume' && one.image === image.reference);
    const known = waits && causeOfStuck(waits, told);
    return {
      of: `image volume ${name}`,
      image: clean(image.reference),
      ...(image.pullPolicy !== undefined && { pullPolicy: image.pullPolicy }),
      ...(known !== undefined && {
        words: clean(known.words),
        cause: { cause: known.cause, helps: known.helps, advice: known.advice },
      }),
    };
  });
  return [...own, ...ofVolumes];
}

function fullName(image: string | undefined): string[] {
  const reference = image === undefined ? undefined : parseReference(image);
  return reference === undefined ? [] : [imageName(reference)];
}
