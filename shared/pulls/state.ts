import type { Pod } from '../pods/pod.ts';
import { allStatuses } from '../pods/stuck.ts';
import { failure, type Job } from './job.ts';
import { type PullResult, readResult } from './result.ts';

/** How far one attempt has come, as its Job and pod show it. */
export type PullState =
  | { state: 'under way' }
  /** The pull container has ended; at is milliseconds since the epoch. */
  | { state: 'ended'; at: number; result: PullResult; routeIsUp: boolean }
  /** It ended, or never began, without a word of its own. */
  | { state: 'failed'; at: number; why: string };

/**
 * Reads an attempt. The pod is undefined where the Job has none (any more).
 *
 * @param startDeadline seconds within which a container of it must have begun
 * @param now milliseconds since the epoch
 */
export function pullState(job: Job, pod: Pod | undefined, startDeadline: number, now: number): PullState {
  const ended = pod && pullEnded(pod);
  if (ended) return ended;
  const failed = failure(job);
  if (failed) {
    const said = [pod?.status?.reason, pod?.status?.message].filter(Boolean).join(': ');
    const why = said || [failed.reason, failed.message].filter(Boolean).join(': ');
    return { state: 'failed', at: time(failed.lastTransitionTime), why };
  }
  const complete = job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True');
  // Its pod is gone, and with it the result: as good as never made.
  if (complete) return { state: 'failed', at: 0, why: 'the pod that pulled is gone' };
  const latest = time(job.metadata.creationTimestamp) + startDeadline * 1000;
  if (now < latest || (pod && hasBegun(pod))) return { state: 'under way' };
  return { state: 'failed', at: latest, why: `it did not start within ${startDeadline} s (START_DEADLINE)` };
}

/** Whether a container of this pod runs or has run. */
export function hasBegun(pod: Pod): boolean {
  return allStatuses(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
}

/** The end of a pull pod's pull container, or undefined while there is none. */
export function pullEnded(pod: Pod): Exclude<PullState, { state: 'under way' }> | undefined {
  const terminated = allStatuses(pod).find(({ name }) => name === 'pull')?.state?.terminated;
  if (terminated === undefined) return undefined;
  const at = time(terminated.finishedAt);
  const result = readResult(terminated.message);
  if (result !== undefined)
    return { state: 'ended', at, result, routeIsUp: result.way === 'route' && !hasEnded(pod, 'registry') };
  const said = terminated.message?.trim().split('\n').at(-1) ?? '';
  return {
    state: 'failed',
    at,
    why: `the pull program ended with ${terminated.reason ?? 'exit code'} ${terminated.exitCode}${said && `: ${said}`}`,
  };
}

/** Whether a container of this name has ended. */
export function hasEnded(pod: Pod, container: string): boolean {
  return allStatuses(pod).some(({ name, state }) => name === container && state?.terminated !== undefined);
}

/** What a registry container leaves when its route is down. */
export const routeIsDown = 'route is down';

/** Whether this pull pod's registry container ended without taking its route down. */
export function leftItsRoute(pod: Pod): boolean {
  const terminated = allStatuses(pod).find(({ name }) => name === 'registry')?.state?.terminated;
  return terminated !== undefined && !(terminated.message ?? '').includes(routeIsDown);
}

function time(text: string | null | undefined): number {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? 0 : at;
}
