import type { Cluster } from '../cluster/cluster.ts';
import type { Config } from '../config/config.ts';
import type { Pod } from '../pods/pod.ts';
import type { Job } from './job.ts';
import { hasBegun, type PullState, pullState } from './state.ts';

/** Labels that the Job controller puts on its pods (batch/v1, since Kubernetes 1.27). */
export const jobUidLabel = 'batch.kubernetes.io/controller-uid';
export const jobNameLabel = 'batch.kubernetes.io/job-name';

/** One attempt as the cluster has it now. */
export interface Pull {
  readonly job: Job | undefined;
  /** Whether a container of its pod runs or has run. */
  readonly begun: boolean;
  readonly state: PullState;
}

/** @param now milliseconds since the epoch */
export async function readPull(
  cluster: Pick<Cluster, 'readJob' | 'listPods'>,
  { pullNamespace, startDeadline }: Pick<Config, 'pullNamespace' | 'startDeadline'>,
  name: string,
  now: number,
): Promise<Pull> {
  const job = await cluster.readJob(pullNamespace, name);
  if (job === undefined) return { job, begun: false, state: { state: 'under way' } };
  const pod = await firstPod(cluster, pullNamespace, name);
  return { job, begun: pod !== undefined && hasBegun(pod), state: pullState(job, pod, startDeadline, now) };
}

async function firstPod(cluster: Pick<Cluster, 'listPods'>, namespace: string, name: string): Promise<Pod | undefined> {
  for await (const pod of cluster.listPods({ namespace, labels: `${jobNameLabel}=${name}` })) return pod;
  return undefined;
}
