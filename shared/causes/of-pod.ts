import type { Pod } from '../pods/pod.ts';
import { waitingFor } from '../pods/stuck.ts';
import { type Cause, classify } from './classify.ts';

/** Why a pod's containers wait for an image; where several tell different things, the first that tells anything. */
export function causeOf(pod: Pod, image: string): Cause | undefined {
  return waitingFor(pod, image)
    .map(classify)
    .find(({ cause }) => cause !== 'unknown');
}
