import { imageName, parseReference } from '../images/reference.ts';
import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';

/** That a pod was woken for one of its images. */
export interface Wake {
  /** UID of the Job that brought the image: each attempt wakes a pod once. */
  readonly attempt: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * The annotation's value after one more wake: JSON, by image, because a pod may wait for several. The time makes it new
 * each time: a patch that changes nothing wakes nothing.
 */
export function wakeValue(pod: Pod, image: string, { attempt, at }: Wake): string {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const named = [...initContainers, ...containers, ...ephemeralContainers].flatMap((container) => {
    const reference = parseReference(container.image ?? '');
    return reference === undefined ? [] : imageName(reference);
  });
  const kept = Object.entries(wakes(pod)).filter(([known]) => named.includes(known));
  return JSON.stringify({ ...Object.fromEntries(kept), [image]: `${attempt} ${new Date(at).toISOString()}` });
}

/** The last wake of a pod for an image, or undefined. */
export function lastWake(pod: Pod, image: string): Wake | undefined {
  const [attempt, time] = wakes(pod)[image]?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return attempt === undefined || Number.isNaN(at) ? undefined : { attempt, at };
}

/** Whoever may edit the pod may have written anything there. */
function wakes(pod: Pod): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(pod.metadata.annotations?.[marks.wake] ?? '{}');
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}
