import type { Cluster } from '../cluster/cluster.ts';
import { quote } from '../words/clean.ts';
import type { Job } from './job.ts';
import { jobNameLabel } from './read.ts';

const full = 'the node is full; free something there';

/** Reasons of Events that say why a Job's pod does not come to life, with what a person can do about it. */
const tellingReasons: Readonly<Record<string, string>> = {
  FailedCreate: 'the pull pod was not admitted; PULL_NAMESPACE must admit privileged pods',
  FailedMount: "the pull pod cannot get at the container runtime; set RUNTIME_SOCKET to this node's socket",
  FailedCreatePodSandBox:
    "the node cannot start any pod; look at its network plugin and the container runtime's sandbox image",
  Pulling:
    "its Node image is still being pulled; where that lasts, another pull holds the kubelet's only slot, which serializeImagePulls: false in the kubelet's configuration cures",
  Failed: "the pull pod's own image cannot be pulled; see NODE_IMAGE and DOCKER_PROXY_URL",
  OutOfpods: full,
  OutOfcpu: full,
  OutOfmemory: full,
};

/** What Kubernetes itself said about a Job and its pods that came to nothing; empty where it said nothing. */
export async function whyNotStarted(
  cluster: Pick<Cluster, 'eventsAbout' | 'listPods'>,
  namespace: string,
  { metadata }: Pick<Job, 'metadata'>,
): Promise<string> {
  const uids = [metadata.uid];
  for await (const pod of cluster.listPods({ namespace, labels: `${jobNameLabel}=${metadata.name}` }))
    uids.push(pod.metadata.uid);
  const events = (await Promise.all(uids.map((uid) => cluster.eventsAbout(namespace, uid)))).flat();
  const told = events.flatMap(({ reason, message, at }) => {
    const advice = tellingReasons[reason];
    // "Error: ErrImagePull" only repeats that there was an error.
    return advice === undefined || message.startsWith('Error: ')
      ? []
      : [{ at, text: `${advice} (${reason}: ${quote(message)})` }];
  });
  return told.sort((a, b) => a.at - b.at).at(-1)?.text ?? '';
}
