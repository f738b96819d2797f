import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';

/** What the annotation on a woken pod says: which Job brought which image, and when it was woken (milliseconds since 1970). */
export interface Wake {
  readonly job: string;
  readonly image: string;
  readonly at: number;
}

/** The annotation's value. The time makes it new each time: a patch that changes nothing wakes nothing. */
export function wakeValue({ job, image, at }: Wake): string {
  return `${job} ${image} ${new Date(at).toISOString()}`;
}

/** The last wake of a pod, or undefined. */
export function lastWake(pod: Pod): Wake | undefined {
  const [job, image, time] = pod.metadata.annotations?.[marks.wake]?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return job === undefined || image === undefined || Number.isNaN(at) ? undefined : { job, image, at };
}
