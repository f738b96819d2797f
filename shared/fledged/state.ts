import type { Config } from '../config/config.ts';
import { quote } from '../words/clean.ts';
import type { ImageCache } from './image-cache.ts';

/** How far kube-fledged has come with an ImageCache, as the object shows it. Both texts are for people. */
export type CacheState =
  | { state: 'under way'; why: string }
  /** Nothing more is to come of it. What it says is no proof: Succeeded may be false. */
  | { state: 'over'; said: string };

/** The ends that kube-fledged knows (pkg/apis/kubefledged/v1alpha2, ImageCacheActionStatus). */
const ends = ['Succeeded', 'Failed', 'Aborted', 'NoImagesPulledOrDeleted'];

/**
 * Reads an ImageCache. A controller that shows no life within START_DEADLINE is not there, and one that began and did not
 * end within PULL_DEADLINE after that is not there any more.
 *
 * @param now milliseconds since the epoch
 */
export function cacheState(
  { metadata, status }: ImageCache,
  { startDeadline, pullDeadline }: Pick<Config, 'startDeadline' | 'pullDeadline'>,
  now: number,
): CacheState {
  const word = status?.status ?? '';
  if (ends.includes(word)) return { state: 'over', said: [word, ...details(status)].join(': ') };
  const age = now - (Date.parse(metadata.creationTimestamp) || 0);
  if (word === '' && age >= startDeadline * 1000)
    return { state: 'over', said: `no life of its controller within ${startDeadline} s (START_DEADLINE)` };
  const both = startDeadline + pullDeadline;
  if (age >= both * 1000)
    return { state: 'over', said: `${word} and no end within ${both} s (START_DEADLINE and PULL_DEADLINE)` };
  return {
    state: 'under way',
    why: word === '' ? "kube-fledged's controller has not taken it yet" : `kube-fledged says ${quote(word)}`,
  };
}

function details(status: ImageCache['status']): string[] {
  const failures = Object.values(status?.failures ?? {}).flat();
  const words = failures.map(({ reason, message }) => [reason, message].filter(Boolean).join(': '));
  const what = status?.status === 'Succeeded' ? [] : [words[0] ?? status?.message ?? ''];
  return what.filter((text) => text !== '').map((text) => quote(text, 300));
}
