import type { Cluster } from '../../shared/cluster/cluster.ts';
import { eventData } from '../../shared/events/data.ts';
import { RetryableError } from '../../shared/events/errors.ts';
import { type Handler, ownEvent, type RescueEvent } from '../../shared/events/event.ts';
import {
  cacheLeftSchema,
  eventTypes,
  imageStuckSchema,
  type PullsDecided,
  routeLeftSchema,
} from '../../shared/events/types.ts';
import { imageCacheSchema } from '../../shared/fledged/image-cache.ts';
import { identity, type Pod, podName } from '../../shared/pods/pod.ts';
import { skipLabels } from '../../shared/pods/skip-label.ts';
import { nodePaths } from '../../shared/pulls/node-paths.ts';
import { cleanJob } from '../../shared/pulls/pull-job.ts';
import { leftItsRoute } from '../../shared/pulls/state.ts';
import { cacheEnded } from './cache-ended.ts';
import { plan } from './decide.ts';
import { cachesUnderWay } from './fledged.ts';
import { createJob, type SubmitDeps, submit } from './submit.ts';
import { makeTurnstile, type Turnstile } from './turnstile.ts';

export interface SubmitCacheDeps extends SubmitDeps {
  readonly cluster: SubmitDeps['cluster'] & Pick<Cluster, 'readPod' | 'readNode' | 'readNamespace'>;
}

/**
 * image.stuck in, Jobs or ImageCaches made, pulls.decided out; an ImageCache that has ended in, its Job made; route.left in, a
 * clean-up Job made. Never writes to a pod.
 */
export function submitCache(deps: SubmitCacheDeps): Handler {
  const { caches, log } = deps;
  const byFledged = caches === undefined ? undefined : () => cachesUnderWay(caches, log);
  const pass = makeTurnstile(deps.cluster, deps.config, deps.now, byFledged);
  const isSkipped = skipLabels(deps.cluster, deps.now, deps.log);
  return async (event) => {
    if (event.type === eventTypes.routeLeft) return cleanUp(deps, event);
    if (event.type === eventTypes.resourceUpdated)
      return followCache(deps, pass, eventData(event, imageCacheSchema).metadata.name);
    if (event.type === eventTypes.cacheLeft) return followCache(deps, pass, eventData(event, cacheLeftSchema).name);
    const { pod: asked } = eventData(event, imageStuckSchema);
    const pod = await deps.cluster.readPod(asked.namespace, asked.name);
    // Gone, or another pod of that name: whatever the successor needs, its own events tell.
    if (pod?.metadata.uid !== asked.uid) return undefined;
    const plans = plan(pod, deps.config, deps.now());
    if (plans.length === 0 || pod.spec.nodeName === undefined) return undefined;
    if (await isSkipped(pod.metadata.namespace)) return undefined;

    const node = plans.some((one) => 'pull' in one) ? await deps.cluster.readNode(pod.spec.nodeName) : undefined;
    const images: PullsDecided['images'] = [];
    let full: RetryableError | undefined;
    for (const one of plans) {
      try {
        images.push({ image: one.image, decision: await submit(deps, pass, one, node, podName(pod)) });
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        full = error;
      }
    }
    // What was submitted now is told now; the rest is brought again by the pod's next change or the sweep.
    if (full !== undefined && !images.some(({ decision }) => decision.state === 'submitted')) throw full;
    for (const { image, decision } of images)
      deps.log.info({ pod: podName(pod), image, ...decision }, `pull ${decision.state}`);
    return decided(pod, images);
  };
}

function decided(pod: Pod, images: PullsDecided['images']): RescueEvent {
  const subject = `${podName(pod)}@${pod.metadata.resourceVersion}`;
  const data: PullsDecided = { pod: identity(pod), images };
  return ownEvent('submit-cache', eventTypes.pullsDecided, subject, data);
}

async function followCache(deps: SubmitCacheDeps, pass: Turnstile, name: string): Promise<RescueEvent | undefined> {
  // What is left of an earlier life with more rights must not touch anything now.
  if (deps.config.dryRun) return undefined;
  const ended = await cacheEnded(deps, pass, name);
  return ended && decided(ended.pod, [{ image: ended.image, decision: ended.decision }]);
}

async function cleanUp(deps: SubmitCacheDeps, event: RescueEvent): Promise<undefined> {
  const { cluster, config, log } = deps;
  const left = eventData(event, routeLeftSchema);
  const pod = await cluster.readPod(config.pullNamespace, left.pullPod);
  if (pod === undefined || pod.metadata.uid !== left.uid || !leftItsRoute(pod) || pod.spec.nodeName === undefined)
    return undefined;
  const node = await cluster.readNode(pod.spec.nodeName);
  const paths = node && nodePaths(node, config);
  if (node === undefined || paths === undefined || 'refused' in paths || paths.hostConfigFolder === undefined)
    return undefined;
  const { hostConfigFolder } = paths;
  const made = await createJob(deps, cleanJob(pod.metadata.uid, node, { ...paths, hostConfigFolder }, config));
  if (made === 'created')
    log.warn({ node: node.name, pullPod: left.pullPod }, 'a pull pod ended without taking its route down; cleaning up');
  return undefined;
}
