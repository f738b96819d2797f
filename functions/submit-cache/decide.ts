import { type Cause, classify } from '../../shared/causes/classify.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Decision } from '../../shared/events/types.ts';
import type { MirrorAddress } from '../../shared/images/mirrors.ts';
import type { ImageReference } from '../../shared/images/reference.ts';
import { askableMirrors } from '../../shared/images/rules.ts';
import { isLeftAlone, type NamespaceRules } from '../../shared/pods/left-alone.ts';
import { nextAddress, unpatchable, whyNoAddress } from '../../shared/pods/patch.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { failedAs, type StuckContainer, stuckContainers, wantedImage } from '../../shared/pods/stuck.ts';
import { dueAttempt, lastWake, settles } from '../../shared/pods/wake.ts';
import type { PullState } from '../../shared/pulls/state.ts';

/** What one stuck image asks for. */
export type Plan =
  | {
      image: string;
      pull: { reference: ImageReference; mirrors: MirrorAddress[]; attempt: number };
      onlyAlways: boolean;
    }
  /** Its container is to name this address in place of the one that it names now. */
  | { image: string; patch: string }
  | { image: string; refused: string };

export type PlanConfig = Pick<Config, 'rules' | 'puller'> & NamespaceRules;

/** What to do about each image that this pod waits for; empty where there is nothing to do. */
export function plan(pod: Pod, config: PlanConfig, now: number): Plan[] {
  if (isLeftAlone(pod, config)) return [];
  const plans = new Map<string, Plan>();
  for (const stuck of stuckContainers(pod)) {
    const image = wantedImage(stuck);
    const woken = lastWake(pod, image);
    if (woken !== undefined && now - woken.at < settles) continue;
    // A kubelet that pulls too often comes again by itself; what really keeps the image away shows then.
    const cause = classify(stuck);
    if (cause.cause === 'kubelet-limit') continue;
    const one = planOne(pod, stuck, cause, image, config, now);
    const known = plans.get(image);
    // A container that can be helped decides over one of the same image that cannot, or not as well.
    if (one !== undefined && (known === undefined || rank(one) > rank(known))) plans.set(image, one);
  }
  return [...plans.values()];
}

function rank(plan: Plan): number {
  if ('refused' in plan) return 0;
  return 'pull' in plan && !plan.onlyAlways ? 2 : 1;
}

function planOne(
  pod: Pod,
  stuck: StuckContainer,
  cause: Cause,
  image: string,
  config: PlanConfig,
  now: number,
): Plan | undefined {
  const { rules } = config;
  if (stuck.original !== undefined) {
    if (!failedAs(stuck, stuck.image)) return undefined;
    const next = nextAddress(stuck.image, stuck.original, rules);
    if (cause.helps !== 'never') {
      if (next !== undefined) return { image, patch: next.address };
      if (stuck.original !== stuck.image) return { image, refused: whyNoAddress(stuck) };
    }
  }
  const refused = refusal(stuck, cause);
  if (refused !== undefined || stuck.reference === undefined)
    return { image, refused: refused ?? 'it is not an image reference' };
  const mirrors = askableMirrors(stuck.reference, rules);
  if ('refused' in mirrors) return { image, refused: mirrors.refused };
  if (config.puller === 'patch') {
    const why = unpatchable(pod, stuck);
    const next = why === undefined ? nextAddress(stuck.image, stuck.original, rules) : undefined;
    return next === undefined ? { image, refused: why ?? whyNoAddress(stuck) } : { image, patch: next.address };
  }
  const attempt = dueAttempt(pod, image, now);
  return { image, pull: { reference: stuck.reference, mirrors, attempt }, onlyAlways: stuck.pullPolicy === 'Always' };
}

/** Why no mirror may or can help this container, whatever the image. Its words are its kubelet's: nobody else writes a pod's status. */
function refusal({ message, pullPolicy }: StuckContainer, cause: Cause): string | undefined {
  const { helps, advice } = pullPolicy === 'Never' ? classify({ reason: 'ErrImageNeverPull', message }) : cause;
  return helps === 'no' || helps === 'never' ? advice : undefined;
}

/**
 * What an attempt that is there already means for a pod that is stuck now; 'expired': it does not count any more. An
 * image whose containers all pull Always is helped by a route only while it is up.
 */
export function judge(
  state: PullState,
  job: { name: string; created: string },
  onlyAlways: boolean,
  coolDown: number,
  now: number,
): Decision | 'expired' {
  if (state.state === 'under way') return { state: 'under way', job: job.name, since: job.created };
  // A kubelet may still come by it; to repeat it would take it down.
  if (state.state === 'ended' && state.routeIsUp) return { state: 'ready', job: job.name };
  const until = state.at + coolDown * 1000;
  if (now >= until) return 'expired';
  if (onlyAlways && state.state === 'ended' && state.result.way === 'route') return 'expired';
  const helped = state.state === 'ended' && state.result.way !== 'none';
  if (helped) return { state: 'ready', job: job.name };
  return { state: 'resting', job: job.name, until: new Date(until).toISOString() };
}
