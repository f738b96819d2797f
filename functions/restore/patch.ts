import { ApiError, PermissionError } from '../../shared/cluster/api.ts';
import { originalsValue } from '../../shared/pods/originals.ts';
import { identity, type Pod, podName } from '../../shared/pods/pod.ts';
import { marks } from '../../shared/pulls/name.ts';
import { nextPatch, type Patch } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { onFresh } from './on-fresh.ts';
import { patchedEvent, putBackEvent, refusedEvent } from './words.ts';

/**
 * Runs what changes a pod. Where the API server refuses the change itself, be it by Pod Security in a namespace that was
 * labelled later or by an admission webhook, the pod is told.
 *
 * @returns undefined where it was refused
 */
export async function unlessRefused<T>(
  { cluster }: RestoreDeps,
  pod: Pod,
  image: string,
  change: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof PermissionError || !(error instanceof ApiError)) throw error;
    await cluster.writeEvent(refusedEvent(identity(pod), image, `the API server refused the change: ${error.message}`));
    return undefined;
  }
}

/** Changes the images and says so. What the containers named first stays in an annotation. */
export async function applyPatch(
  { cluster, log }: RestoreDeps,
  pod: Pod,
  image: string,
  { images, putBack, why }: Patch,
): Promise<'done' | 'conflict' | 'gone'> {
  const annotations = { [marks.originals]: originalsValue(pod, Object.keys(images)) };
  const outcome = await cluster.changeImages(pod, { ...images }, annotations);
  if (outcome !== 'done') return outcome;
  log.info({ pod: podName(pod), image, images, why }, putBack ? 'original image put back' : 'pod patched');
  await cluster.writeEvent((putBack ? putBackEvent : patchedEvent)(identity(pod), image, images, why));
  return 'done';
}

/** A pod that has a mirror's address which failed, or that PULLER=patch gives its first one. */
export async function patchOn(deps: RestoreDeps, pod: Pod, image: string): Promise<void> {
  const { cluster, config } = deps;
  await onFresh(cluster, pod, async (fresh) => {
    const step = nextPatch(fresh, image, config);
    if (step.step === 'cannot help') await cluster.writeEvent(refusedEvent(identity(fresh), image, step.why));
    if (step.step !== 'patch') return undefined;
    return unlessRefused(deps, fresh, image, () => applyPatch(deps, fresh, image, step));
  });
}
