import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Pod } from '../../shared/pods/pod.ts';

/** More conflicts in a row than this, and the next event of the pod decides. */
const mostTries = 5;

/**
 * Decides and acts on a pod, and again from a fresh read each time that it has changed meanwhile.
 *
 * @returns what it came to; undefined: the pod is another one now, or would not keep still
 */
export async function onFresh<T>(
  { readPod }: Pick<Cluster, 'readPod'>,
  pod: Pod,
  act: (fresh: Pod) => Promise<T | 'conflict'>,
): Promise<T | undefined> {
  const { namespace, name, uid } = pod.metadata;
  let fresh: Pod | undefined = pod;
  for (let tries = 0; tries < mostTries && fresh?.metadata.uid === uid; tries += 1) {
    const outcome = await act(fresh);
    if (outcome !== 'conflict') return outcome;
    fresh = await readPod(namespace, name);
  }
  return undefined;
}
