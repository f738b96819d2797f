import type { ToldEvent } from '../../shared/cluster/kubernetes-events.ts';
import { quote } from '../../shared/words/clean.ts';

/** Bytes of an Event that the kubelet's words may take up, after the advice. */
const longestQuote = 300;

/** What holds a pod, in a word that does not change with every try, and in words for people. */
export interface Blocked {
  readonly kind: 'a pull hangs' | 'no sandbox image';
  readonly why: string;
}

export type Wait = Pick<ToldEvent, 'reason' | 'message' | 'at'>;

/**
 * Why a pod that its kubelet has taken does not begin, as its kubelet's Events have it; undefined: for no reason of ours.
 *
 * @param events the oldest first
 * @param now milliseconds since 1970
 * @param hangAfter seconds
 */
export function whyItWaits(events: readonly Wait[], now: number, hangAfter: number): Blocked | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  const seconds = Math.round((now - last.at) / 1000);
  if (last.reason === 'Pulling' && seconds >= hangAfter) {
    const why = `its kubelet has been pulling for ${seconds} s. Unless serializeImagePulls is false there, nothing else is pulled on that node until this ends, not even image-rescue's own image. If the image is merely large, wait; if its registry never answers, set serializeImagePulls: false in the kubelet's configuration and restart the kubelet. The kubelet says: ${quote(last.message, longestQuote)}`;
    return { kind: 'a pull hangs', why };
  }
  if (last.reason === 'FailedCreatePodSandBox' && /sandbox image|pause[:@]/i.test(last.message)) {
    const why = `the node cannot get the sandbox (pause) image that every pod needs, image-rescue's own included. Give the container runtime an address that it can reach, a mirror's for example: in containerd's configuration sandbox under [plugins."io.containerd.cri.v1.images".pinned_images] (before 2.0: sandbox_image), and restart containerd; or import the image on the node. The kubelet says: ${quote(last.message, longestQuote)}`;
    return { kind: 'no sandbox image', why };
  }
  return undefined;
}
