import { fullName } from '../images/reference.ts';
import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';
import { stringsOf } from './strings-of.ts';

/** That a pod was woken for one of its images. */
export interface Wake {
  /** UID of the Job that brought the image: each attempt wakes a pod once. */
  readonly attempt: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Which attempt that was, from 1. */
  readonly step: number;
}

/**
 * The annotation's value after one more wake: JSON, by image, because a pod may wait for several. The time makes it new
 * each time: a patch that changes nothing wakes nothing.
 */
export function wakeValue(pod: Pod, image: string, { attempt, at, step }: Wake): string {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const named = [...initContainers, ...containers, ...ephemeralContainers].map(({ image: text = '' }) =>
    fullName(text),
  );
  const kept = [...wakes(pod)].filter(([known]) => named.includes(known));
  return JSON.stringify({ ...Object.fromEntries(kept), [image]: `${attempt} ${new Date(at).toISOString()} ${step}` });
}

/** The last wake of a pod for an image, or undefined. */
export function lastWake(pod: Pod, image: string): Wake | undefined {
  const [attempt, time, step] = wakes(pod).get(image)?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return attempt === undefined || Number.isNaN(at) ? undefined : { attempt, at, step: step === '2' ? 2 : 1 };
}

/** A woken kubelet takes no longer to look; what its pod says meanwhile is the failure that was helped. Milliseconds. */
export const settles = 10_000;

/**
 * Who still waits this long after its wake, in milliseconds, gets a second attempt: where the image is there the back-off is
 * not consulted, so it was refused, the image is gone again, or a pull from before the wake is only now failing.
 */
const secondAfter = 20_000;

/** A kubelet's shortest and longest image back-off (pkg/kubelet/kubelet.go), and what one more pull may take; milliseconds. */
const leastBackOff = 10_000;
const mostBackOff = 300_000;
const onePull = 30_000;

/**
 * Whether a pod that still waits for an image will not be started by its wake any more: one back-off and one pull are over.
 * Back-offs double, so the one that a pod is in is about as long as all before it.
 */
export function wakeFailed(pod: Pod, wake: Wake, now: number): boolean {
  const created = Date.parse(pod.metadata.creationTimestamp ?? '');
  const age = Number.isNaN(created) ? mostBackOff : wake.at - created;
  return now - wake.at > Math.min(mostBackOff, Math.max(leastBackOff, age)) + onePull;
}

/** The attempt at an image that a pod needs now: the second, once the wake after the first has not started it. */
export function dueAttempt(pod: Pod, image: string, now: number): 1 | 2 {
  const wake = lastWake(pod, image);
  if (wake === undefined) return 1;
  return wake.step >= 2 || now - wake.at > secondAfter ? 2 : 1;
}

/** Whoever may edit the pod may have written anything there. */
function wakes(pod: Pod): ReadonlyMap<string, string> {
  return stringsOf(pod.metadata.annotations?.[marks.wake]);
}
