import type { Cluster } from '../cluster/cluster.ts';
import type { Pod } from '../pods/pod.ts';
import type { Job } from './job.ts';
import { type PullState, pullState } from './state.ts';

/** Label that the Job controller puts on its pods (batch/v1, since Kubernetes 1.27). */
export const jobNameLabel = 'batch.kubernetes.io/job-name';

/** One attempt as the cluster has it now. */
export interface Pull {
  readonly job: Job | undefined;
  readonly pod: Pod | undefined;
  readonly state: PullState;
}

export async function readPull(
  cluster: Pick<Cluster, 'readJob' | 'listPods'>,
  namespace: string,
  name: string,
): Promise<Pull> {
  const job = await cluster.readJob(namespace, name);
  const pod = job && (await firstPod(cluster, namespace, name));
  return { job, pod, state: pullState(job, pod) };
}

async function firstPod(cluster: Pick<Cluster, 'listPods'>, namespace: string, name: string): Promise<Pod | undefined> {
  for await (const pod of cluster.listPods({ namespace, labels: `${jobNameLabel}=${name}` })) return pod;
  return undefined;
}
