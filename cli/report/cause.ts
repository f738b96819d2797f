import { type Cause, classify } from '../../shared/causes/classify.ts';
import type { ToldEvent } from '../../shared/cluster/cluster.ts';
import { failedAs, type StuckContainer } from '../../shared/pods/stuck.ts';

/** What keeps a container's image away, and in whose words that stands. */
export interface KnownCause extends Cause {
  /** The kubelet's, as it wrote them. */
  readonly words: string;
}

/**
 * Why a container's image cannot be had. Where its status does not say (kubelets before 1.32 in a back-off), its kubelet's
 * Events may; whoever may create Events may forge them, which is why they decide nothing but what is shown here.
 */
export function causeOfStuck(
  { reason, message, pullPolicy, image }: StuckContainer,
  events: readonly ToldEvent[] = [],
): KnownCause {
  const known = classify({ reason: pullPolicy === 'Never' ? 'ErrImageNeverPull' : reason, message });
  if (known.cause !== 'unknown') return { ...known, words: message };
  const told = events
    .filter((event) => event.reason === 'Failed' && failedAs(event, image) && !event.message.startsWith('Error: '))
    .map((event) => ({ ...classify(event), words: event.message }));
  return told.findLast(({ cause }) => cause !== 'unknown') ?? told.at(-1) ?? { ...known, words: message };
}
