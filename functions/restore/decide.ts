import { isLeftAlone, type NamespaceRules } from '../../shared/pods/left-alone.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses, waitingFor } from '../../shared/pods/stuck.ts';
import { lastWake } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';

/** What a pod that waits for an image that is now on its node needs. */
export type Step =
  | { step: 'none' }
  /** Touch the pod, so that the kubelet looks again at once. */
  | { step: 'wake' }
  /** The kubelet will pull by itself, through the route, when its back-off ends. */
  | { step: 'wait for the kubelet' }
  /** It pulls anew whatever is on the node, and there is no route that it could pull by. */
  | { step: 'cannot help'; why: string };

/** The next step for one pod after its image's pull has succeeded. `attempt` is the UID of the Job that pulled. */
export function nextStep(pod: Pod, image: string, result: PullResult, attempt: string, config: NamespaceRules): Step {
  if (isLeftAlone(pod, config)) return { step: 'none' };
  const waiting = waitingFor(pod, image).filter(({ pullPolicy }) => pullPolicy !== 'Never');
  if (waiting.length === 0) return { step: 'none' };
  const local = waiting.some(({ pullPolicy }) => pullPolicy === 'IfNotPresent');
  if (local) return lastWake(pod, image)?.attempt === attempt ? { step: 'none' } : { step: 'wake' };
  if (result.way === 'name') {
    return {
      step: 'cannot help',
      why: 'imagePullPolicy is Always, and the container runtime of this node reads no host configuration folder through which the kubelet could pull; set imagePullPolicy: IfNotPresent or a config_path for containerd',
    };
  }
  return { step: 'wait for the kubelet' };
}

/**
 * The address by which a pull pod that cannot get its own Node image should try next, or undefined: it is not stuck,
 * or there is none left.
 */
export function nextNodeImage(pullPod: Pod): string | undefined {
  const current = pullPod.spec.containers[0]?.image ?? '';
  // After a change the kubelet shows the new image with the old one's reason for a moment; only its words tell which
  // one failed. And where a container runs, a changed image would end it.
  const stuck = allStatuses(pullPod).some(
    ({ state }) =>
      ['ErrImagePull', 'ImagePullBackOff'].includes(state?.waiting?.reason ?? '') &&
      state?.waiting?.message?.includes(`"${current}"`),
  );
  const begun = allStatuses(pullPod).some(
    ({ state }) => state?.running !== undefined || state?.terminated !== undefined,
  );
  if (!stuck || begun || pullPod.metadata.deletionTimestamp !== undefined) return undefined;
  const addresses = nodeImagesOf(pullPod);
  const at = addresses.indexOf(current);
  return at < 0 ? undefined : addresses[at + 1];
}

function nodeImagesOf(pullPod: Pod): string[] {
  try {
    const parsed: unknown = JSON.parse(pullPod.metadata.annotations?.[marks.nodeImages] ?? '[]');
    return Array.isArray(parsed) ? parsed.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
