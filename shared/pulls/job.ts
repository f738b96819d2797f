import * as z from 'zod';

const container = z.object({
  name: z.string(),
  env: z.array(z.object({ name: z.string(), value: z.string().exactOptional() })).exactOptional(),
});

/** What image-rescue reads of a Job (batch/v1). */
export const jobSchema = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
  spec: z.object({
    activeDeadlineSeconds: z.number().exactOptional(),
    ttlSecondsAfterFinished: z.number().exactOptional(),
    template: z.object({ spec: z.object({ nodeName: z.string().exactOptional(), containers: z.array(container) }) }),
  }),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().exactOptional(),
            message: z.string().exactOptional(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
});

export type Job = z.infer<typeof jobSchema>;

/**
 * The condition that says a Job has failed. FailureTarget comes first, and where a pod cannot end, its node being gone,
 * Failed never comes (batch/v1, since Kubernetes 1.31).
 */
export function failure(job: Job) {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True',
  );
}
