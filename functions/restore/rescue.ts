import { causeOf } from '../../shared/causes/of-pod.ts';
import { digestsElsewhere, type Elsewhere } from '../../shared/pods/elsewhere.ts';
import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import { identity, isStatic, type Pod, podName } from '../../shared/pods/pod.ts';
import { runs, waitingFor } from '../../shared/pods/stuck.ts';
import { lastWake, wakeValue } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import type { PullState } from '../../shared/pulls/state.ts';
import { nextStep, type Step, type StepConfig } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { runsByAddress, waitToStart } from './neighbours.ts';
import { onFresh } from './on-fresh.ts';
import { applyPatch, unlessRefused } from './patch.ts';
import { differsEvent, failedEvent, refusedEvent, rescuedEvent, secretEvent } from './words.ts';

/** One ended attempt at an image on a node. */
export interface Attempt {
  /** UID of its Job: a later attempt has the same name, and is told and woken for anew. */
  readonly uid: string;
  /** The Job's name. */
  readonly job: string;
  /** From 1. */
  readonly number: number;
  readonly image: string;
  /** Whether the node's kubelet keeps records of its pulls (KEP-2535). */
  readonly keepsRecords: boolean;
  readonly state: Exclude<PullState, { state: 'under way' }>;
  /** As which digests other nodes run the image, in a namespace or in any; looked up at most once. */
  elsewhere(namespace?: string): Promise<Elsewhere[]>;
}

export function anAttempt({ cluster }: RestoreDeps, nodeName: string, known: Omit<Attempt, 'elsewhere'>): Attempt {
  const found = new Map<string, Promise<Elsewhere[]>>();
  const elsewhere = (namespace = '') => {
    const where = { nodeName, mostPods, ...(namespace !== '' && { namespace }) };
    const looked = found.get(namespace) ?? digestsElsewhere(cluster, known.image, where);
    found.set(namespace, looked);
    return looked;
  };
  return { ...known, elsewhere };
}

/** Of those that are looked through for a word more. */
const mostPods = 500;

/** Others that are still to start the image go first, for at most this long after it came, in milliseconds. */
const othersFirst = 60_000;

/**
 * The pods of a node that an attempt at an image is about: those that wait for it, and of those that run it already the ones
 * that it woke, and the one that asked for it, whose kubelet was quicker by the route.
 */
export async function podsConcerned(
  { cluster, config }: RestoreDeps,
  nodeName: string,
  { image, uid }: Attempt,
  askedBy: string | undefined,
): Promise<{ waiting: Pod[]; started: Pod[] }> {
  const [waiting, started]: [Pod[], Pod[]] = [[], []];
  for await (const pod of cluster.listPods({ fields: `spec.nodeName=${nodeName}` })) {
    if (isLeftAlone(pod, config)) continue;
    if (waitingFor(pod, image).length > 0) waiting.push(pod);
    else if (runs(pod, image) && (podName(pod) === askedBy || isWoken(pod, image, uid))) started.push(pod);
  }
  return { waiting, started };
}

function isWoken(pod: Pod, image: string, attempt: string): boolean {
  return lastWake(pod, image)?.attempt === attempt;
}

/**
 * Does for one pod what the end of an attempt allows, and says it.
 *
 * @returns whether anything was new to the pod
 */
export async function tellEnd(deps: RestoreDeps, pod: Pod, attempt: Attempt): Promise<boolean> {
  const { cluster, config, isSkipped } = deps;
  if (await isSkipped(pod.metadata.namespace)) return false;
  const { image, state } = attempt;
  await tellSecret(deps, pod, state);
  if (state.state === 'ended' && state.result.way !== 'none') {
    const { result, at } = state;
    return (await unlessRefused(deps, pod, image, () => help(deps, pod, attempt, result, at))) ?? false;
  }
  const failure = state.state === 'failed' ? { error: state.why, answers: [] } : state.result;
  const event = failedEvent(identity(pod), image, failure, causeOf(pod, image), attempt, config);
  return (await cluster.writeEvent(event)) === 'told';
}

/** That the mirrors were asked without credentials, though they might have been given some. */
async function tellSecret({ cluster }: RestoreDeps, pod: Pod, state: Attempt['state']): Promise<void> {
  if (state.state === 'ended' && state.result.secret !== undefined)
    await cluster.writeEvent(secretEvent(identity(pod), state.result.secret));
}

/** Tells a pod that runs what helped it: its kubelet was quicker, or whoever woke it died before he said so. */
export async function tellStarted(deps: RestoreDeps, pod: Pod, attempt: Attempt): Promise<boolean> {
  const { image, uid, state } = attempt;
  const woken = isWoken(pod, image, uid);
  if (state.state !== 'ended' || (state.result.way !== 'route' && !(woken && state.result.way === 'name')))
    return false;
  if (await deps.isSkipped(pod.metadata.namespace)) return false;
  await tellSecret(deps, pod, state);
  return tellRescued(deps, pod, attempt, state.result, woken ? 'starts' : 'has started');
}

/** @returns whether it was new to the pod */
async function tellRescued(
  deps: RestoreDeps,
  pod: Pod,
  attempt: Attempt,
  result: PullResult,
  then: Parameters<typeof rescuedEvent>[4],
): Promise<boolean> {
  const event = rescuedEvent(identity(pod), attempt.image, result, attempt.uid, then);
  const isNew = (await deps.cluster.writeEvent(event)) === 'told';
  if (isNew && result.digest !== undefined) await tellOthers(deps, pod, attempt, result.digest);
  return isNew;
}

/** That other nodes run another image by this name. It is a word more: what it costs may not take the first one away. */
async function tellOthers({ cluster, log }: RestoreDeps, pod: Pod, attempt: Attempt, digest: string): Promise<void> {
  const { image, uid } = attempt;
  const another = (some: Elsewhere[]) => some.find((one) => one.digest !== digest);
  try {
    const near = another(await attempt.elsewhere(pod.metadata.namespace));
    const far = near === undefined && another(await attempt.elsewhere()) !== undefined;
    if (near !== undefined || far) await cluster.writeEvent(differsEvent(identity(pod), image, digest, uid, near));
  } catch (error) {
    log.warn(
      { pod: podName(pod), image, why: (error as Error).message },
      'not known what other nodes run by this name',
    );
  }
}

async function help(deps: RestoreDeps, pod: Pod, attempt: Attempt, result: PullResult, at: number): Promise<boolean> {
  const told = await onFresh(deps.cluster, pod, (fresh) => takeStep(deps, fresh, attempt, result, at));
  return told ?? false;
}

/** @returns whether anything was new to the pod */
async function takeStep(
  deps: RestoreDeps,
  pod: Pod,
  attempt: Attempt,
  result: PullResult,
  at: number,
): Promise<boolean | 'conflict'> {
  const { cluster, config, now, log } = deps;
  const { uid, number, image } = attempt;
  const first = nextStep(pod, image, { uid, number, result }, config, now());
  const step = result.way === 'name' ? await mindingOthers(deps, pod, attempt, first, { result, at }) : first;
  if (step.step === 'none') return false;
  if (step.step === 'cannot help')
    return (await cluster.writeEvent(refusedEvent(identity(pod), image, step.why))) === 'told';
  let outcome: 'done' | 'conflict' | 'gone' = 'done';
  if (step.step === 'patch') outcome = await applyPatch(deps, pod, image, step);
  if (step.step === 'wake') {
    const value = wakeValue(pod, image, { attempt: uid, at: now(), step: number });
    outcome = await cluster.annotatePod(pod, { [marks.wake]: value });
    if (outcome === 'done') log.info({ pod: podName(pod), image, mirror: result.mirror }, 'woken');
  }
  if (outcome === 'gone') return false;
  if (outcome === 'conflict') return outcome;
  if (step.step === 'patch') return true;
  const byWake = step.step === 'wake' || step.step === 'woken';
  const then = byWake ? 'starts' : isStatic(pod) ? 'is looked at' : 'is pulled';
  const told = await tellRescued(deps, pod, attempt, result, then);
  return step.step === 'wake' || told;
}

/**
 * Where no route can heal it, a kubelet that keeps records of its pulls takes an image either under its own name or under a
 * mirror's address: who is to start it by name goes first, and once it was pulled by address, by address it stays.
 */
async function mindingOthers(
  { cluster, config, now }: RestoreDeps,
  pod: Pod,
  { image, keepsRecords }: Attempt,
  step: Step,
  { result, at }: { result: PullResult; at: number },
): Promise<Step> {
  const { nodeName } = pod.spec;
  if (!keepsRecords) return step;
  // One that was woken already may be refused at a later start.
  const names = step.step === 'wake' || step.step === 'woken';
  if (result.fledged !== undefined && (names || step.step === 'patch' || step.step === 'wait for the kubelet'))
    return byAddress(pod, image, config, byFledged, result.mirror);
  if (nodeName === undefined || (!names && step.step !== 'patch')) return step;
  const others: Pod[] = [];
  for await (const other of cluster.listPods({ fields: `spec.nodeName=${nodeName}` }))
    if (other.metadata.uid !== pod.metadata.uid) others.push(other);
  if (step.step === 'patch') {
    const tooSoon = step.pulls && now() - at < othersFirst && waitToStart(others, image);
    return tooSoon ? { step: 'none' } : step;
  }
  const address = runsByAddress(others, image, config.rules);
  // Whose pod it is is nobody else's business.
  return address === undefined
    ? step
    : byAddress(pod, image, config, `another pod ${itsKubelet}`, address.split('/')[0]);
}

const itsKubelet =
  "made this kubelet pull it under a mirror's address, and since 1.35 a kubelet then takes it under no other name";
const byFledged = `kube-fledged ${itsKubelet}; to keep an image's own name here, choose PULLER=job, or have containerd read a host configuration folder (config_path)`;

function byAddress(pod: Pod, image: string, config: StepConfig, because: string, mirror = ''): Step {
  const result: PullResult = { way: 'patch', mirror, already: true, milliseconds: 0, answers: [], because };
  return nextStep(pod, image, { uid: '', number: 1, result }, config, 0);
}
