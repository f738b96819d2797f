import { createHash } from 'node:crypto';

/** Labels and annotations of our own objects. */
export const marks = {
  /** Label on Jobs and their pods: `pull` or `clean`, on ImageCaches: `cache`. The source of our own changes selects by it. */
  kind: 'image-rescue.dev/kind',
  /** Label on Jobs, their pods and ImageCaches: the node's UID. */
  node: 'image-rescue.dev/node-uid',
  /** Annotation on ImageCaches: the node's name. */
  nodeName: 'image-rescue.dev/node',
  /** Annotation on Jobs, their pods and ImageCaches: the image's full name. */
  image: 'image-rescue.dev/image',
  /** Annotation on Jobs, their pods and ImageCaches: `namespace/name` of the pod that asked first. */
  askedBy: 'image-rescue.dev/asked-by',
  /** Annotation on Jobs and their pods, JSON: the addresses at which the Node image can be had, in order. */
  nodeImages: 'image-rescue.dev/node-images',
  /** Annotation on a rescued pod; its change makes the kubelet look again. */
  wake: 'image-rescue.dev/wake',
  /** Annotation on Jobs and their pods: which attempt at the image this is, from 1. */
  attempt: 'image-rescue.dev/attempt',
  /** Annotation on Jobs and their pods: `true` where the node's kubelet keeps records of its pulls. */
  pullRecords: 'image-rescue.dev/pull-records',
  /** Annotation on Jobs and their pods: how kube-fledged ended, which was asked first. */
  fledged: 'image-rescue.dev/kube-fledged',
  /** Annotation on an Event of ours: what it was last told for. */
  occasion: 'image-rescue.dev/occasion',
  /** Annotation on a pod, JSON by container: the image that it named before it was given a mirror's address. */
  originals: 'image-rescue.dev/original-images',
  /** Annotation on a pod, label on a namespace: leave alone. */
  skip: 'image-rescue.dev/skip',
} as const;

/** The name of the Job for one attempt at one image on one node. A second Job of that name cannot be: that is the lock. */
export function pullName(nodeUid: string, image: string, attempt = 1): string {
  return `pull-${hash(nodeUid, image, String(attempt))}`;
}

/** What the annotations of one of our Jobs, or of its pod, say of the attempt that it is. */
export function attemptOf(annotations: Readonly<Record<string, string>> | undefined): {
  number: number;
  keepsRecords: boolean;
} {
  return {
    number: annotations?.[marks.attempt] === '2' ? 2 : 1,
    keepsRecords: annotations?.[marks.pullRecords] === 'true',
  };
}

/** The name of the Job that cleans up after one pull pod. */
export function cleanName(pullPodUid: string): string {
  return `clean-${hash(pullPodUid)}`;
}

/** 80 bits in base 36 and so short enough for the name of a Job's pod. */
export function hash(...parts: string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
  return BigInt(`0x${digest}`).toString(36).padStart(16, '0');
}
