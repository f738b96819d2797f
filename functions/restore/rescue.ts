import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import { type Pod, podName } from '../../shared/pods/pod.ts';
import { waitingFor } from '../../shared/pods/stuck.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import type { PullState } from '../../shared/pulls/state.ts';
import { nextStep } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { failedEvent, identity, noMirrorEvent, refusedEvent, rescuedEvent } from './words.ts';

/** One ended attempt at an image on a node. */
export interface Attempt {
  /** UID of its Job: a later attempt has the same name, and is told and woken for anew. */
  readonly uid: string;
  readonly image: string;
  readonly state: Exclude<PullState, { state: 'under way' }>;
}

/** More conflicts in a row than this, and the next event of the pod decides. */
const mostTries = 5;

/** The pods of a node that wait for an image and may be touched. */
export async function podsWaiting({ cluster, config }: RestoreDeps, nodeName: string, image: string): Promise<Pod[]> {
  const waiting: Pod[] = [];
  for await (const pod of cluster.listPods({ fields: `spec.nodeName=${nodeName}` })) {
    if (!isLeftAlone(pod, config) && waitingFor(pod, image).length > 0) waiting.push(pod);
  }
  return waiting;
}

/**
 * Does for one pod what the end of an attempt allows, and says it.
 *
 * @returns whether anything was new to the pod
 */
export async function tellEnd(deps: RestoreDeps, pod: Pod, { uid, image, state }: Attempt): Promise<boolean> {
  const { cluster, config } = deps;
  if (state.state === 'ended' && state.result.way !== 'none') return help(deps, pod, uid, image, state.result);
  const event =
    state.state === 'failed'
      ? failedEvent(identity(pod), image, state.why, uid, config.coolDown)
      : noMirrorEvent(identity(pod), image, state.result, uid, config.coolDown);
  return (await cluster.writeEvent(event)) === 'created';
}

async function help(deps: RestoreDeps, pod: Pod, attempt: string, image: string, result: PullResult): Promise<boolean> {
  const { cluster, config, now, log } = deps;
  let fresh: Pod | undefined = pod;
  for (let tries = 0; tries < mostTries && fresh?.metadata.uid === pod.metadata.uid; tries += 1) {
    const { step, ...said } = nextStep(fresh, image, result, attempt, config);
    if (step === 'none') return false;
    if ('why' in said) return (await cluster.writeEvent(refusedEvent(identity(fresh), image, said.why))) === 'created';
    if (step === 'wake') {
      const value = wakeValue(fresh, image, { attempt, at: now() });
      const outcome = await cluster.annotatePod(fresh, { [marks.wake]: value });
      if (outcome === 'gone') return false;
      if (outcome === 'conflict') {
        fresh = await cluster.readPod(pod.metadata.namespace, pod.metadata.name);
        continue;
      }
      log.info({ pod: podName(pod), image, mirror: result.mirror }, 'woken');
    }
    const written = await cluster.writeEvent(rescuedEvent(identity(fresh), image, result, attempt, step !== 'wake'));
    return step === 'wake' || written === 'created';
  }
  return false;
}
