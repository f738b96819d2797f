import * as z from 'zod';
import type { PodIdentity } from '../events/types.ts';

const containerSpec = z.object({
  name: z.string(),
  image: z.string().exactOptional(),
  imagePullPolicy: z.string().exactOptional(),
  volumeMounts: z.array(z.object({ name: z.string() })).exactOptional(),
});

/** Of volumes only those count that are images themselves (core/v1, since Kubernetes 1.31). */
const volume = z.object({
  name: z.string(),
  image: z.object({ reference: z.string().exactOptional(), pullPolicy: z.string().exactOptional() }).exactOptional(),
});

const containerStatus = z.object({
  name: z.string(),
  image: z.string().exactOptional(),
  imageID: z.string().exactOptional(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().exactOptional(), message: z.string().exactOptional() }).exactOptional(),
      running: z.object({ startedAt: z.string().nullish() }).exactOptional(),
      terminated: z
        .object({
          exitCode: z.number(),
          reason: z.string().exactOptional(),
          message: z.string().exactOptional(),
          finishedAt: z.string().nullish(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});

/** What image-rescue reads of a Pod (core/v1), as the API server writes it in JSON; everything else is dropped. */
export const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: z.string().nullish(),
    deletionTimestamp: z.string().exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
  spec: z.object({
    nodeName: z.string().exactOptional(),
    containers: z.array(containerSpec),
    initContainers: z.array(containerSpec).exactOptional(),
    ephemeralContainers: z.array(containerSpec).exactOptional(),
    volumes: z.array(volume).exactOptional(),
  }),
  status: z
    .object({
      phase: z.string().exactOptional(),
      reason: z.string().exactOptional(),
      message: z.string().exactOptional(),
      containerStatuses: z.array(containerStatus).exactOptional(),
      initContainerStatuses: z.array(containerStatus).exactOptional(),
      ephemeralContainerStatuses: z.array(containerStatus).exactOptional(),
    })
    .exactOptional(),
});

export type Pod = z.infer<typeof podSchema>;
export type ContainerStatus = z.infer<typeof containerStatus>;

/** What identifies a pod beyond doubt: a successor of the same name has another uid. */
export function identity({ metadata: { namespace, name, uid } }: Pick<Pod, 'metadata'>): PodIdentity {
  return { namespace, name, uid };
}

/** `namespace/name`, as people write it. */
export function podName(pod: Pick<Pod, 'metadata'>): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

/**
 * Whether this is the API server's picture of a static pod: its kubelet runs it from a file, and sees no change that is made
 * here (kubelet, pkg/kubelet/types/pod_update.go).
 */
export function isStatic(pod: Pick<Pod, 'metadata'>): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}
