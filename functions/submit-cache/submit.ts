import { ApiError, PermissionError } from '../../shared/cluster/api.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { ImageCaches } from '../../shared/cluster/image-caches.ts';
import type { Node } from '../../shared/cluster/node.ts';
import type { Config } from '../../shared/config/config.ts';
import { RetryableError } from '../../shared/events/errors.ts';
import type { Decision } from '../../shared/events/types.ts';
import { addressOf, type ImageCache } from '../../shared/fledged/image-cache.ts';
import { cacheState } from '../../shared/fledged/state.ts';
import type { MirrorAddress } from '../../shared/images/mirrors.ts';
import { type ImageReference, imageName } from '../../shared/images/reference.ts';
import type { Log } from '../../shared/log/log.ts';
import { digestsElsewhere, type Elsewhere } from '../../shared/pods/elsewhere.ts';
import { type NodePaths, nodePaths } from '../../shared/pulls/node-paths.ts';
import { type JobSettings, type PullOrder, pullJob } from '../../shared/pulls/pull-job.ts';
import { readPull } from '../../shared/pulls/read.ts';
import { type Resting, restingLast } from '../../shared/pulls/resting.ts';
import { quote } from '../../shared/words/clean.ts';
import { judge, type Plan } from './decide.ts';
import { cacheOrder, createCache, readCache } from './fledged.ts';
import type { Turnstile } from './turnstile.ts';

export interface SubmitDeps {
  readonly cluster: Pick<Cluster, 'createJob' | 'readJob' | 'deleteJob' | 'listPods'>;
  /** With PULLER=kube-fledged. */
  readonly caches?: ImageCaches;
  readonly config: Config & JobSettings;
  /** Makes the namespace and the program's ConfigMap if they are missing. */
  readonly prepare: () => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * Does what one stuck image asks for: a Job, or with PULLER=kube-fledged an ImageCache first and the Job when that is over.
 * Throws RetryableError where there is no slot.
 *
 * @param ended the image's ImageCache, where the caller knows that it is over; whoever found it deletes it
 */
export async function submit(
  deps: SubmitDeps,
  pass: Turnstile,
  one: Plan,
  node: Node | undefined,
  askedBy: string,
  ended?: ImageCache,
): Promise<Decision> {
  const { cluster, config } = deps;
  if ('refused' in one) return { state: 'refused', why: one.refused };
  if ('patch' in one)
    return config.dryRun
      ? { state: 'dry run', mirrors: [one.patch.split('/')[0] ?? ''], patch: true }
      : { state: 'patch', to: one.patch };
  if (node === undefined) return { state: 'refused', why: 'its node is gone' };
  const { reference: image, mirrors, attempt } = one.pull;
  const paths = pathsFor(image, node, config);
  if ('refused' in paths) return { state: 'refused', why: paths.refused };
  if (config.dryRun)
    return { state: 'dry run', mirrors: hosts(mirrors), ...(paths.onlyPatch !== undefined && { patch: true }) };

  const order: PullOrder = { image, mirrors, node, paths, attempt, askedBy };
  const { name } = pullJob(order, config).metadata;
  // Before the Job, which is made before its cache is deleted: so at least one of the two is seen.
  const found = ended ?? (deps.caches && cacheOrder(order, config) && (await readCache(deps.caches, name, deps.log)));
  const cache = found && { found, ...cacheState(found, config, deps.now()) };
  const decide = async (): Promise<Decision> => {
    const pull = await readPull(cluster, config, name, deps.now());
    if (pull.job !== undefined) {
      const created = pull.job.metadata.creationTimestamp;
      const judged = judge(pull.state, { name, created }, one.onlyAlways, config.coolDown, deps.now());
      if (judged !== 'expired') return judged;
    }
    if (cache?.state === 'under way') return waitsFor(cache.found, cache.why, name);
    if (pull.job !== undefined) await cluster.deleteJob(pull.job);
    return create(deps, pass, order, name, cache);
  };
  const decision = await decide();
  if (cache?.state === 'over' && ended === undefined) await deps.caches?.delete(cache.found);
  return decision;
}

function waitsFor({ metadata }: ImageCache, why: string, job: string): Decision {
  const { namespace, name, creationTimestamp: since } = metadata;
  return { state: 'under way', job, since, cache: { name: `${namespace}/${name}`, why } };
}

async function create(
  deps: SubmitDeps,
  pass: Turnstile,
  order: PullOrder,
  name: string,
  over: { found: ImageCache; said: string } | undefined,
): Promise<Decision> {
  const { node, askedBy } = order;
  const address = over && addressOf(over.found);
  const fledged = over !== undefined && address !== undefined ? { address, said: over.said } : undefined;
  let made: { mirrors: string[]; cache?: string } = { mirrors: [] };
  const make = async (resting: Resting) => {
    const mirrors = restingLast(order.mirrors, resting);
    const asked = over === undefined ? await askFledged(deps, { ...order, mirrors }) : undefined;
    made = asked?.made ?? { mirrors: hosts(mirrors) };
    if (asked !== undefined) return asked.outcome;
    const elsewhere = await knownElsewhere(deps, order);
    return createJob(deps, pullJob({ ...order, mirrors, elsewhere, ...(fledged && { fledged }) }, deps.config));
  };
  const wanted = { job: name, nodeUid: node.uid, namespace: askedBy.split('/')[0] ?? '' };
  const outcome = await pass(wanted, make).catch(refusedByTheApiServer);
  if (typeof outcome === 'object') return outcome;
  if (outcome === 'exists') throw new RetryableError(`Job ${name} has just been made by another, or has not gone yet`);
  return {
    state: 'submitted',
    job: name,
    ...made,
    ...(fledged !== undefined && { fledged: fledged.said }),
  };
}

/** Of those that are looked through; VERIFY_DIGEST in the README says so. */
const mostPods = 10_000;

/** What must not be contradicted, where the operator wants it so. */
async function knownElsewhere({ cluster, config }: SubmitDeps, { image, node }: PullOrder): Promise<Elsewhere[]> {
  if (config.rules.verifyDigest !== 'quorum') return [];
  return digestsElsewhere(cluster, imageName(image), { nodeName: node.name, mostPods });
}

/** Undefined where the Job is to be made at once. */
async function askFledged(
  { caches, config, log }: SubmitDeps,
  order: PullOrder,
): Promise<{ outcome: 'created' | 'exists'; made: { mirrors: string[]; cache: string } } | undefined> {
  const wanted = caches && cacheOrder(order, config);
  if (caches === undefined || wanted === undefined) return undefined;
  const outcome = await createCache(caches, wanted, log);
  if (outcome === 'not to be had') return undefined;
  return { outcome, made: { mirrors: [wanted.mirror], cache: `${wanted.namespace}/${wanted.name}` } };
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
  return {
    state: 'refused',
    why: `its pull Job was not admitted; look at the quotas and admission policies of PULL_NAMESPACE: ${quote(error.message)}`,
  };
}

export async function createJob(
  { cluster, config, prepare }: Pick<SubmitDeps, 'cluster' | 'config' | 'prepare'>,
  job: { metadata: { name: string } },
): Promise<'created' | 'exists'> {
  await prepare();
  return cluster.createJob(job, config.pullNamespace);
}

function hosts(some: readonly MirrorAddress[]): string[] {
  return some.map(({ host }) => host);
}
