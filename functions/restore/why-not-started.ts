import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Job } from '../../shared/pulls/job.ts';

/** Reasons of Events that say why a Job's pod does not come to life: Job controller and kubelet. */
const tellingReasons = [
  'FailedCreate',
  'FailedMount',
  'FailedCreatePodSandBox',
  'Failed',
  'OutOfpods',
  'OutOfcpu',
  'OutOfmemory',
];

/** What Kubernetes itself said about a Job and its pods that came to nothing; empty where it said nothing. */
export async function whyNotStarted(
  cluster: Pick<Cluster, 'eventsAbout' | 'listPods'>,
  namespace: string,
  job: Job,
): Promise<string> {
  const uids = [job.metadata.uid];
  for await (const pod of cluster.listPods({ namespace, labels: `batch.kubernetes.io/job-name=${job.metadata.name}` }))
    uids.push(pod.metadata.uid);
  const told: string[] = [];
  for (const uid of uids) {
    for (const { reason, message } of await cluster.eventsAbout(namespace, uid)) {
      if (tellingReasons.includes(reason)) told.push(`${reason}: ${message}`);
    }
  }
  return told.at(-1) ?? '';
}
