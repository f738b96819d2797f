import { type Cause, classify } from '../../shared/causes/classify.ts';
import { causeToldOf } from '../../shared/causes/of-events.ts';
import type { ToldEvent } from '../../shared/cluster/kubernetes-events.ts';
import { type StuckContainer, wantedImage } from '../../shared/pods/stuck.ts';

/** What keeps a container's image away, and the kubelet's words in which that stands. */
export interface KnownCause extends Cause {
  readonly words: string;
}

/** Why a container's image cannot be had; where its status does not say, its kubelet's Events may. */
export function causeOfStuck(stuck: StuckContainer, events: readonly ToldEvent[] = []): KnownCause {
  const { reason, message, pullPolicy } = stuck;
  const known = classify({ reason: pullPolicy === 'Never' ? 'ErrImageNeverPull' : reason, message });
  const told = known.cause === 'unknown' ? causeToldOf(events, wantedImage(stuck)) : undefined;
  return told ?? { ...known, words: message };
}
