import * as z from 'zod';

const containerSpec = z.object({
  name: z.string(),
  image: z.string().exactOptional(),
  imagePullPolicy: z.string().exactOptional(),
});

const containerStatus = z.object({
  name: z.string(),
  image: z.string().exactOptional(),
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

/** `namespace/name`, as people write it. */
export function podName(pod: Pick<Pod, 'metadata'>): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}
