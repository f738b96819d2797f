import type { Config } from '../../shared/config/config.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';

/**
 * Finds pods that their kubelet has taken and that do not begin. What was found is remembered, for economy only: to ask
 * about each of them at every sweep would cost two requests a pod.
 */
export function longWaits({ hangAfter, pullNamespace }: Pick<Config, 'hangAfter' | 'pullNamespace'>) {
  const asked = new Map<string, number>();
  return {
    /** Whether this pod waits for longer than HANG_AFTER, and was not found within that time. `now`: milliseconds. */
    isDue(pod: Pod, now: number): boolean {
      const { uid, namespace, creationTimestamp } = pod.metadata;
      const age = now - Date.parse(creationTimestamp ?? '');
      if (namespace === pullNamespace || pod.spec.nodeName === undefined || !isWaiting(pod)) return false;
      if (!(age >= hangAfter * 1000)) return false;
      for (const [known, at] of asked) if (now - at >= hangAfter * 1000) asked.delete(known);
      if (asked.has(uid)) return false;
      asked.set(uid, now);
      return true;
    },
  };
}

function isWaiting(pod: Pod): boolean {
  if (pod.status?.phase !== 'Pending' || pod.metadata.deletionTimestamp !== undefined) return false;
  const reasons = allStatuses(pod).map(({ state }) => state?.waiting?.reason);
  return reasons.some((reason) => reason === 'ContainerCreating' || reason === 'PodInitializing');
}
