import type { Pod } from '../../shared/pods/pod.ts';
import type { OwnEvent } from '../read/reader.ts';

/** What image-rescue told a pod last about an image, as far as it decides what happens. */
export interface Told {
  readonly what: 'refused' | 'dry run' | 'failed' | 'started' | 'rescued';
  /** What it says after the image's name. */
  readonly why: string;
  readonly at: number;
}

const openings: readonly { what: Told['what']; reason: string; opening: (image: string) => string }[] = [
  { what: 'refused', reason: 'ImageRescueRefused', opening: (image) => `${image} is not rescued: ` },
  { what: 'dry run', reason: 'ImageRescueDryRun', opening: (image) => `DRY_RUN: ${image} ` },
  { what: 'failed', reason: 'ImageRescueFailed', opening: (image) => `${image} could not be rescued: ` },
  { what: 'started', reason: 'ImageRescueStarted', opening: (image) => `Fetching ${image} ` },
  { what: 'rescued', reason: 'ImageRescued', opening: (image) => `${image} ` },
];

/** @param events about one pod, the oldest first */
export function lastTold(events: readonly OwnEvent[], image: string): Told | undefined {
  const told = events.flatMap(({ reason, message, at }) => {
    const known = openings.find((one) => one.reason === reason && message.startsWith(one.opening(image)));
    return known === undefined
      ? []
      : { what: known.what, why: sentence(message.slice(known.opening(image).length)), at };
  });
  return told.at(-1);
}

const blockedOpening = 'Nothing can be pulled for this pod: ';

/** Why nothing can be pulled for a pod that has not begun, as it was told; undefined where it was not, or has begun. */
export function blocked(pod: Pod, events: readonly OwnEvent[] = []): string | undefined {
  if (pod.status?.phase !== 'Pending' || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const last = events.at(-1);
  if (last?.reason !== 'ImageRescueBlocked') return undefined;
  return sentence(last.message.replace(blockedOpening, ''));
}

/** As a clause, without its full stop. */
function sentence(text: string): string {
  return text.replace(/\.$/, '');
}
