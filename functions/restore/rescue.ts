import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { podName } from '../../shared/pods/pod.ts';
import { waitingFor } from '../../shared/pods/stuck.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { nextStep } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { identity, refusedEvent, rescuedEvent } from './words.ts';

/** One ended attempt: the Job's name, its image and what came of it. */
export interface Ended {
  readonly job: string;
  readonly image: string;
  readonly result: PullResult;
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
 * Does for one pod what its image's return allows, and says so.
 *
 * @returns whether the pod was helped now
 */
export async function helpPod(deps: RestoreDeps, pod: Pod, ended: Ended): Promise<boolean> {
  const { cluster, config, now, log } = deps;
  const { job, image, result } = ended;
  let fresh: Pod | undefined = pod;
  for (let tries = 0; tries < mostTries && fresh?.metadata.uid === pod.metadata.uid; tries += 1) {
    const { step, ...said } = nextStep(fresh, image, result, job, config);
    if (step === 'none') return false;
    if ('why' in said) return (await cluster.writeEvent(refusedEvent(identity(fresh), image, said.why))) === 'created';
    if (step === 'wake') {
      const outcome = await cluster.annotatePod(fresh, { [marks.wake]: wakeValue({ job, image, at: now() }) });
      if (outcome === 'gone') return false;
      if (outcome === 'conflict') {
        fresh = await cluster.readPod(pod.metadata.namespace, pod.metadata.name);
        continue;
      }
      log.info({ pod: podName(pod), image, mirror: result.mirror }, 'woken');
    }
    const written = await cluster.writeEvent(rescuedEvent(identity(fresh), image, result, job, step !== 'wake'));
    return step === 'wake' || written === 'created';
  }
  return false;
}
