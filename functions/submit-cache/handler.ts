import { ApiError, PermissionError } from '../../shared/cluster/api.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Node } from '../../shared/cluster/node.ts';
import type { Config } from '../../shared/config/config.ts';
import { eventData } from '../../shared/events/data.ts';
import { RetryableError } from '../../shared/events/errors.ts';
import { type Handler, ownEvent, type RescueEvent } from '../../shared/events/event.ts';
import {
  type Decision,
  eventTypes,
  imageStuckSchema,
  type PodIdentity,
  type PullsDecided,
  routeLeftSchema,
} from '../../shared/events/types.ts';
import type { MirrorAddress } from '../../shared/images/mirrors.ts';
import type { ImageReference } from '../../shared/images/reference.ts';
import type { Log } from '../../shared/log/log.ts';
import { podName } from '../../shared/pods/pod.ts';
import { skipLabels } from '../../shared/pods/skip-label.ts';
import { type NodePaths, nodePaths } from '../../shared/pulls/node-paths.ts';
import { cleanJob, type JobSettings, pullJob } from '../../shared/pulls/pull-job.ts';
import { readPull } from '../../shared/pulls/read.ts';
import { restingLast } from '../../shared/pulls/resting.ts';
import { leftItsRoute } from '../../shared/pulls/state.ts';
import { judge, type Plan, plan } from './decide.ts';
import { makeTurnstile, type Turnstile } from './turnstile.ts';

export interface SubmitCacheDeps {
  readonly cluster: Pick<
    Cluster,
    'readPod' | 'readNode' | 'readNamespace' | 'createJob' | 'readJob' | 'deleteJob' | 'listPods'
  >;
  readonly config: Config & JobSettings;
  /** Makes the namespace and the program's ConfigMap if they are missing. */
  readonly prepare: () => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

/** image.stuck in, Jobs made, pulls.decided out; route.left in, a clean-up Job made. Never writes to a pod. */
export function submitCache(deps: SubmitCacheDeps): Handler {
  const pass = makeTurnstile(deps.cluster, deps.config, deps.now);
  const isSkipped = skipLabels(deps.cluster, deps.now, deps.log);
  return async (event) => {
    if (event.type === eventTypes.routeLeft) return cleanUp(deps, event);
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
    return decided(asked, images, pod.metadata.resourceVersion);
  };
}

function decided(pod: PodIdentity, images: PullsDecided['images'], resourceVersion: string): RescueEvent {
  const subject = `${pod.namespace}/${pod.name}@${resourceVersion}`;
  return ownEvent('submit-cache', eventTypes.pullsDecided, subject, { pod, images } satisfies PullsDecided);
}

async function submit(
  deps: SubmitCacheDeps,
  pass: Turnstile,
  one: Plan,
  node: Node | undefined,
  askedBy: string,
): Promise<Decision> {
  const { cluster, config } = deps;
  if ('refused' in one) return { state: 'refused', why: one.refused };
  if ('patch' in one)
    return config.dryRun ? { state: 'dry run', mirrors: [one.patch] } : { state: 'patch', to: one.patch };
  if (node === undefined) return { state: 'refused', why: 'its node is gone' };
  const { reference, mirrors, attempt } = one.pull;
  const paths = pathsFor(reference, node, config);
  if ('refused' in paths) return { state: 'refused', why: paths.refused };
  const hosts = (some: readonly MirrorAddress[]) => some.map(({ host }) => host);
  if (config.dryRun) return { state: 'dry run', mirrors: hosts(mirrors) };

  const job = (asked: readonly MirrorAddress[]) =>
    pullJob({ image: reference, mirrors: asked, node, paths, attempt, askedBy }, config);
  const { name } = job(mirrors).metadata;
  const create = async (): Promise<Decision> => {
    const wanted = { job: name, nodeUid: node.uid, namespace: askedBy.split('/')[0] ?? '' };
    let asked = mirrors;
    const outcome = await pass(wanted, (resting) => {
      asked = restingLast(mirrors, resting);
      return createJob(deps, job(asked));
    }).catch(refusedByTheApiServer);
    if (typeof outcome === 'object') return outcome;
    if (outcome === 'created') return { state: 'submitted', job: name, mirrors: hosts(asked) };
    throw new RetryableError(`Job ${name} has just been made by another, or has not gone yet`);
  };

  const pull = await readPull(cluster, config, name, deps.now());
  if (pull.job === undefined) return create();
  const created = pull.job.metadata.creationTimestamp;
  const judged = judge(pull.state, { name, created }, one.onlyAlways, config.coolDown, deps.now());
  if (judged !== 'expired') return judged;
  await cluster.deleteJob(pull.job);
  return create();
}

/** How this image may come to this node: with NAME_ON_NODE, only by a mirror's address in the pod. */
function pathsFor(image: ImageReference, node: Node, config: Config): NodePaths | { refused: string } {
  const paths = nodePaths(node, config);
  const byName = config.nameOnNode === 'any' || (config.nameOnNode === 'digest' && image.digest !== undefined);
  if ('refused' in paths || byName) return paths;
  return { onlyPatch: `NAME_ON_NODE=${config.nameOnNode} keeps its own name from being given to it on a node` };
}

/** A quota or an admission policy: the pod that waits shall know. */
function refusedByTheApiServer(error: unknown): Decision {
  if (error instanceof PermissionError || !(error instanceof ApiError)) throw error;
  return { state: 'refused', why: `its pull Job was not admitted: ${error.message}` };
}

async function createJob(
  { cluster, config, prepare }: SubmitCacheDeps,
  job: { metadata: { name: string } },
): Promise<'created' | 'exists'> {
  await prepare();
  return cluster.createJob(job, config.pullNamespace);
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
