import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Decision } from '../../shared/events/types.ts';
import { cacheState } from '../../shared/fledged/state.ts';
import { parseReference } from '../../shared/images/reference.ts';
import { askableMirrors } from '../../shared/images/rules.ts';
import { type Pod, podName } from '../../shared/pods/pod.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { Plan } from './decide.ts';
import { isOurs } from './fledged.ts';
import { type SubmitDeps, submit } from './submit.ts';
import type { Turnstile } from './turnstile.ts';

export interface CacheEndedDeps extends SubmitDeps {
  readonly cluster: SubmitDeps['cluster'] & Pick<Cluster, 'readPod' | 'readNode'>;
}

/**
 * Something has happened to an ImageCache, or too little: if nothing more is to come of it, its Job is made, whether the pod
 * that asked still waits or not (others may), and the cache deleted. Returns what that pod is to be told.
 */
export async function cacheEnded(
  deps: CacheEndedDeps,
  pass: Turnstile,
  name: string,
): Promise<{ pod: Pod; image: string; decision: Decision } | undefined> {
  const { caches, cluster, config, log, now } = deps;
  const cache = await caches?.read(name);
  if (caches === undefined || cache === undefined || !isOurs(cache)) return undefined;
  if (cache.metadata.deletionTimestamp !== undefined) return undefined;
  const state = cacheState(cache, config, now());
  if (state.state === 'under way') return undefined;

  const { annotations = {}, labels } = cache.metadata;
  const [image = '', askedBy = ''] = [annotations[marks.image], annotations[marks.askedBy]];
  const node = await cluster.readNode(annotations[marks.nodeName] ?? '');
  const plan = planOf(image, config);
  const decision =
    plan !== undefined && node?.uid === labels?.[marks.node]
      ? await submit(deps, pass, plan, node, askedBy, cache)
      : undefined;
  await caches.delete(cache);
  log.info({ image, node: node?.name, cache: name, said: state.said, next: decision?.state }, 'kube-fledged has ended');
  const [namespace = '', podsName = ''] = askedBy.split('/');
  const pod = decision && (await cluster.readPod(namespace, podsName));
  return pod && decision && podName(pod) === askedBy ? { pod, image, decision } : undefined;
}

function planOf(image: string, { rules }: SubmitDeps['config']): Plan | undefined {
  const reference = parseReference(image);
  const mirrors = reference && askableMirrors(reference, rules);
  if (reference === undefined || mirrors === undefined || 'refused' in mirrors) return undefined;
  return { image, pull: { reference, mirrors, attempt: 1 }, onlyAlways: false };
}
