import type { StuckContainer } from '../../shared/pods/stuck.ts';
import type { KnownCause } from './cause.ts';
import type { PullReport } from './pulls.ts';
import type { Told } from './told.ts';

/**
 * Where a stuck image stands: its pull is starting or fetching; it came and the kubelet has not started it yet; its failed
 * pull is not repeated yet (resting), or may be (due); it is not rescued (refused); the pod names a mirror's address
 * (patched); it is left alone by a mark; DRY_RUN; nothing at all can be pulled for the pod (blocked); nothing was done yet.
 */
export type StuckState =
  | 'starting'
  | 'fetching'
  | 'came'
  | 'resting'
  | 'due'
  | 'refused'
  | 'patched'
  | 'left alone'
  | 'dry run'
  | 'blocked'
  | 'waiting';

export function stuckState(
  containers: readonly StuckContainer[],
  { cause, helps }: KnownCause,
  pull: PullReport | undefined,
  told: Told | undefined,
  skipped: boolean,
): StuckState {
  if (skipped) return 'left alone';
  if (pull?.state === 'starting' || pull?.state === 'fetching') return pull.state;
  // One that names its original again is as any other.
  if (containers.some(({ image, original }) => original !== undefined && original !== image)) return 'patched';
  if (cause === 'kubelet-limit') return 'waiting';
  if (helps === 'no' || helps === 'never') return 'refused';
  const toldSince = told !== undefined && (pull === undefined || told.at > Date.parse(pull.created)) ? told.what : '';
  if (toldSince === 'refused' || toldSince === 'dry run') return toldSince;
  if (pull?.state === 'came' && (pull.way !== 'route' || pull.route !== undefined)) return 'came';
  if (pull?.state === 'came') return containers.some(({ pullPolicy }) => pullPolicy !== 'Always') ? 'came' : 'due';
  if (pull !== undefined) return pull.restsUntil === undefined ? 'due' : 'resting';
  return told === undefined ? 'waiting' : 'due';
}
