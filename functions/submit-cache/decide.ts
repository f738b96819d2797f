import { classify } from '../../shared/causes/classify.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Decision } from '../../shared/events/types.ts';
import type { MirrorAddress } from '../../shared/images/mirrors.ts';
import { type ImageReference, imageName } from '../../shared/images/reference.ts';
import { askableMirrors } from '../../shared/images/rules.ts';
import { isLeftAlone, type NamespaceRules } from '../../shared/pods/left-alone.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { type StuckContainer, stuckContainers } from '../../shared/pods/stuck.ts';
import { lastWake } from '../../shared/pods/wake.ts';
import type { PullState } from '../../shared/pulls/state.ts';

/** What one stuck image asks for. */
export type Plan =
  | { image: string; pull: { reference: ImageReference; mirrors: MirrorAddress[] }; onlyAlways: boolean }
  | { image: string; refused: string };

/** A woken kubelet takes no longer to look; what its pod says meanwhile is the failure that was helped. Milliseconds. */
const settles = 10_000;

/** What to do about each image that this pod waits for; empty where there is nothing to do. */
export function plan(pod: Pod, config: Pick<Config, 'rules'> & NamespaceRules, now: number): Plan[] {
  if (isLeftAlone(pod, config)) return [];
  const plans = new Map<string, Plan>();
  for (const stuck of stuckContainers(pod)) {
    const image = stuck.reference === undefined ? stuck.image : imageName(stuck.reference);
    const woken = lastWake(pod, image);
    if (woken !== undefined && now - woken.at < settles) continue;
    const known = plans.get(image);
    const one = planOne(stuck, image, config);
    // A container that can be helped decides over one of the same image that cannot, or not as well.
    if (known === undefined || 'refused' in known || ('pull' in one && !one.onlyAlways)) plans.set(image, one);
  }
  return [...plans.values()];
}

function planOne(stuck: StuckContainer, image: string, { rules }: Pick<Config, 'rules'>): Plan {
  const refused = refusal(stuck);
  if (refused !== undefined || stuck.reference === undefined)
    return { image, refused: refused ?? 'it is not an image reference' };
  const mirrors = askableMirrors(stuck.reference, rules);
  if ('refused' in mirrors) return { image, refused: mirrors.refused };
  return { image, pull: { reference: stuck.reference, mirrors }, onlyAlways: stuck.pullPolicy === 'Always' };
}

/** Why no mirror may or can help this container, whatever the image. Its words are its kubelet's: nobody else writes a pod's status. */
function refusal({ reason, message, pullPolicy }: StuckContainer): string | undefined {
  const { helps, advice } = classify({ reason: pullPolicy === 'Never' ? 'ErrImageNeverPull' : reason, message });
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
