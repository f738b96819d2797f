import { causeOf } from '../../shared/causes/of-pod.ts';
import type { Elsewhere } from '../../shared/pods/elsewhere.ts';
import { identity, isStatic, type Pod, podName } from '../../shared/pods/pod.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { type Attempt, isWoken } from './attempt.ts';
import { nextStep } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { mindingOthers } from './neighbours.ts';
import { onFresh } from './on-fresh.ts';
import { applyPatch, unlessRefused } from './patch.ts';
import { differsEvent, failedEvent, refusedEvent, rescuedEvent, secretEvent } from './words.ts';

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
  if (state.state !== 'ended') return false;
  const woken = isWoken(pod, image, uid);
  const { way } = state.result;
  if (way !== 'route' && !(way === 'name' && woken)) return false;
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
