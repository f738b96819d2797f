import { classify } from '../../shared/causes/classify.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses, failedAs } from '../../shared/pods/stuck.ts';
import { marks } from '../../shared/pulls/name.ts';
import { hasBegun } from '../../shared/pulls/state.ts';

/**
 * The address by which a pull pod that cannot get its own Node image should try next, or undefined: it is not stuck,
 * or there is none left.
 */
export function nextNodeImage(pullPod: Pod): string | undefined {
  const current = pullPod.spec.containers[0]?.image ?? '';
  const stuck = allStatuses(pullPod).some(({ state }) => {
    const { reason = '', message = '' } = state?.waiting ?? {};
    // Where the kubelet limits its own pulls, nobody was asked yet, and another address would fare no better.
    const asked = classify({ reason, message }).cause !== 'kubelet-limit';
    return ['ErrImagePull', 'ImagePullBackOff'].includes(reason) && asked && failedAs({ message }, current);
  });
  // Where a container runs, a changed image would end it.
  if (!stuck || hasBegun(pullPod) || pullPod.metadata.deletionTimestamp !== undefined) return undefined;
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
