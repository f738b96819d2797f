import type { ImageStuck } from '../../shared/events/types.ts';
import { identity, type Pod } from '../../shared/pods/pod.ts';
import { stuckContainers, stuckReasons } from '../../shared/pods/stuck.ts';
import { noSandbox } from './kubelet-event.ts';

/** What to look at, or undefined: nothing in this pod waits for an image, or it is one of our own pull pods. */
export function decide(pod: Pod, pullNamespace: string): ImageStuck | undefined {
  if (pod.metadata.namespace === pullNamespace) return undefined;
  const images = stuckContainers(pod).map(({ container, image, reason }) => ({ container, image, reason }));
  if (images.length === 0) return undefined;
  return { pod: identity(pod), images };
}

const words = [...stuckReasons, noSandbox].map((reason) => Buffer.from(reason));

/** Whether raw JSON of a Pod or an Event can concern us at all: nearly none does, and a scan costs a hundredth of parsing. */
export function mayConcern(body: Buffer): boolean {
  return words.some((word) => body.includes(word));
}
