import { classify } from '../../shared/causes/classify.ts';
import type { Config } from '../../shared/config/config.ts';
import { isLeftAlone, type NamespaceRules } from '../../shared/pods/left-alone.ts';
import { nextAddress, unpatchable, whyNoAddress } from '../../shared/pods/patch.ts';
import { isStatic, type Pod } from '../../shared/pods/pod.ts';
import { failedAs, type StuckContainer, stuckContainers, waitingFor, wantedImage } from '../../shared/pods/stuck.ts';
import { lastWake, settles, wakeFailed } from '../../shared/pods/wake.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { quote } from '../../shared/words/clean.ts';

/** What a pod that waits for an image that is now on its node, or at a mirror, needs. */
export type Step =
  | { step: 'none' }
  /** Touch the pod, so that the kubelet looks again at once. */
  | { step: 'wake' }
  /** This attempt woke it already; whoever did may have died before he said so. */
  | { step: 'woken' }
  /** The kubelet comes by itself: by the route when its back-off ends, or for a static pod at its next look. */
  | { step: 'wait for the kubelet' }
  | Patch
  | { step: 'cannot help'; why: string };

/** Give containers another image: a mirror's address, or the original back. */
export interface Patch {
  readonly step: 'patch';
  /** By container. */
  readonly images: Readonly<Record<string, string>>;
  readonly putBack: boolean;
  /** Whether the kubelet will pull it by that address, and so keep a record of it. */
  readonly pulls: boolean;
  /** Why it does not come back under its own name, or what failed; for people. */
  readonly why: string;
}

export type StepConfig = Pick<Config, 'rules' | 'puller'> & NamespaceRules;

/** The attempt that has succeeded. */
export interface Succeeded {
  /** UID of its Job. */
  readonly uid: string;
  /** From 1. */
  readonly number: number;
  readonly result: PullResult;
}

const byName =
  'imagePullPolicy is Always, and the container runtime of this node reads no host configuration folder through which the kubelet could pull';

/** The next step for one pod after its image's pull has succeeded. `now` is milliseconds since 1970. */
export function nextStep(pod: Pod, image: string, { uid, result }: Succeeded, config: StepConfig, now: number): Step {
  if (isLeftAlone(pod, config)) return { step: 'none' };
  const waiting = waitingFor(pod, image).filter(mayBeHelped);
  if (waiting.length === 0) return { step: 'none' };
  if (result.way === 'patch') return patch(pod, waiting, config, result.because ?? '', result);
  const local = waiting.some(({ pullPolicy }) => pullPolicy === 'IfNotPresent');
  if (local && isStatic(pod)) return { step: 'wait for the kubelet' };
  if (local) {
    const wake = lastWake(pod, image);
    if (wake !== undefined && wake.step >= 2 && wakeFailed(pod, wake, now)) {
      const why = 'it was put on the node twice, and the kubelet did not start it';
      return patch(pod, waiting, config, why, result);
    }
    if (wake !== undefined && result.address !== undefined) {
      const why =
        'other pulls of it are open on this node, and since 1.35 a kubelet takes no image by that name meanwhile that it did not pull itself';
      return patch(pod, waiting, config, why, result);
    }
    if (wake?.attempt !== uid) return { step: 'wake' };
    if (now - wake.at < settles) return { step: 'woken' };
  }
  const always = waiting.filter(({ pullPolicy }) => pullPolicy === 'Always');
  if (always.length === 0) return { step: 'woken' };
  return result.way === 'route' ? { step: 'wait for the kubelet' } : patch(pod, always, config, byName, result);
}

/** The next step for a pod that has, or by PULLER=patch gets, a mirror's address in place of this image. */
export function nextPatch(pod: Pod, image: string, config: StepConfig): Step {
  if (isLeftAlone(pod, config)) return { step: 'none' };
  const meant = stuckContainers(pod).filter(
    (stuck) => mayBeHelped(stuck) && stuck.reference !== undefined && wantedImage(stuck) === image,
  );
  const failed = meant.filter((stuck) => isPatched(stuck) && failedAs(stuck, stuck.image));
  const [first] = failed;
  if (first !== undefined)
    return patch(pod, failed, config, `${first.image} could not be pulled: ${quote(first.message)}`);
  const unpatched = meant.filter(({ original }) => original === undefined);
  return config.puller === 'patch' && unpatched.length > 0
    ? patch(pod, unpatched, config, 'PULLER=patch puts nothing on nodes')
    : { step: 'none' };
}

/** Whatever others of the same image got: nobody goes around a refused signature, or a policy of Never. */
function mayBeHelped(stuck: StuckContainer): boolean {
  return stuck.pullPolicy !== 'Never' && classify(stuck).helps !== 'never';
}

function isPatched({ image, original }: StuckContainer): boolean {
  return original !== undefined && original !== image;
}

/** @param found the mirror that is known to have the image, perhaps for credentials only, and an address that is on the node already */
function patch(
  pod: Pod,
  containers: readonly StuckContainer[],
  { rules }: StepConfig,
  why: string,
  found: Pick<PullResult, 'mirror' | 'credentials' | 'address'> = {},
): Step {
  const images: Record<string, string> = {};
  const whyNot: string[] = [];
  let [putBack, pulls] = [false, false];
  for (const stuck of containers) {
    const cannot = unpatchable(pod, stuck);
    const next = cannot === undefined ? nextAddress(stuck.image, stuck.original, rules, found.mirror) : undefined;
    const asksMirror = stuck.pullPolicy === 'Always' || next?.address !== found.address;
    if (next === undefined) whyNot.push(cannot ?? whyNoAddress(stuck));
    else if (found.credentials && asksMirror) whyNot.push(wantsCredentials(found.mirror));
    else images[stuck.container] = next.address;
    putBack ||= next?.putBack === true;
    pulls ||= asksMirror;
  }
  if (Object.keys(images).length > 0) return { step: 'patch', images, putBack, pulls, why };
  return { step: 'cannot help', why: `${why}; ${[...new Set(whyNot)].join('; ')}` };
}

function wantsCredentials(mirror = 'the mirror'): string {
  return `${mirror} gives it for the credentials of MIRROR_PULL_SECRET only, which a mirror's address in the pod would not bring along (imagePullSecrets of a pod cannot be changed)`;
}
