import type { PullReport } from '../report/pulls.ts';
import type { StuckReport } from '../report/stuck.ts';
import type { Style } from './paint.ts';
import { ago, megabytes, timeOfDay } from './times.ts';

export const styles: Readonly<Record<PullReport['state'] | StuckReport['state'], Style>> = {
  starting: 'cyan',
  fetching: 'cyan',
  came: 'green',
  failed: 'red',
  resting: 'yellow',
  due: 'yellow',
  refused: 'red',
  patched: 'yellow',
  'left alone': 'dim',
  'dry run': 'dim',
  blocked: 'red',
  waiting: 'yellow',
};

/**
 * What is to be said of a pull beside its state.
 *
 * @param told how a time is told
 */
export function pullDetail(pull: PullReport, told: (time: string) => string): string {
  const { state, progress, mirrors, already, mirror, way, seconds, route, routeLeft, restsUntil } = pull;
  // Its name stands beside it already.
  const why = pull.why?.replaceAll(pull.image, 'it');
  const parts: (string | undefined)[] = [];
  if (pull.attempt > 1) parts.push(`attempt ${pull.attempt}`);
  if (state === 'fetching') parts.push(progress && megabytes(progress), mirrors[0] && `from ${mirrors.join(', ')}`);
  if (state === 'starting') parts.push(why ?? 'its pod is not running yet');
  if (state === 'came' && way === 'patch') parts.push(`${mirror ?? 'a mirror'} has it`, why);
  else if (already) parts.push('it was on the node already');
  else if (state === 'came') parts.push(`from ${mirror ?? 'a mirror'} by ${way} in ${(seconds ?? 0).toFixed(1)} s`);
  if (route !== undefined) parts.push(`route held until ${told(route.until)}`);
  if (state === 'failed')
    parts.push(restsUntil === undefined ? 'may be tried again' : `rests until ${told(restsUntil)}`, why);
  if (routeLeft) parts.push('it ended without taking its route down, a clean-up follows');
  return parts.filter(Boolean).join('; ');
}

/** A sentence about its end, or its beginning. */
export function pullTimes({ created, ended, state }: PullReport, now: string): string {
  if (state === 'starting' || state === 'fetching') return `since ${timeOfDay(created)}, for ${ago(created, now)}`;
  return ended === undefined ? `made ${timeOfDay(created)}` : `ended ${timeOfDay(ended)}, ${ago(ended, now)} ago`;
}

/** Shown short: nobody compares 64 digits by eye. */
export function shortDigest(image: string): string {
  return image.replace(/(@[a-z0-9]+:[0-9a-f]{12})[0-9a-f]+$/, '$1…');
}
