import type { MirrorAnswer } from './result.ts';

/** An ended pull: what the mirrors said, and when it ended (milliseconds since the epoch). */
export interface EndedPull {
  readonly at: number;
  readonly answers: readonly MirrorAnswer[];
}

/** Mirrors by their hosts, and until when they rest, in milliseconds since the epoch. */
export type Resting = ReadonlyMap<string, number>;

/** Seconds for which a mirror rests that is down, slow or throttles, and does not say for how long. */
const usualRest = 60;

/**
 * Which mirrors rest, for every image, as far as recent pulls tell. Whoever named a time rests for it, whatever it says to
 * others meanwhile (mirrors count requests by address); whoever did not rests until it is seen to serve again.
 *
 * @param coolDown seconds for which any mirror rests at most
 * @param now milliseconds since the epoch
 */
export function restingMirrors(pulls: readonly EndedPull[], coolDown: number, now: number): Resting {
  const asked = new Map<string, number>();
  const guessed = new Map<string, number>();
  for (const { at, answers } of [...pulls].sort((one, other) => one.at - other.at)) {
    for (const { mirror, outcome, retryAfter } of answers) {
      const until = (seconds: number) => at + Math.min(seconds, coolDown) * 1000;
      if (retryAfter !== undefined) asked.set(mirror, Math.max(asked.get(mirror) ?? 0, until(retryAfter)));
      else if (outcome === 'down' || outcome === 'slow' || outcome === 'throttled')
        guessed.set(mirror, until(usualRest));
      else guessed.delete(mirror);
    }
  }
  const resting = new Map<string, number>();
  for (const [mirror, until] of [...guessed, ...asked])
    if (until > now) resting.set(mirror, Math.max(resting.get(mirror) ?? 0, until));
  return resting;
}

/** Mirrors that rest are asked last: only they may have the image, and then one more request is worth it. */
export function restingLast<T extends { readonly host: string }>(mirrors: readonly T[], resting: Resting): T[] {
  return [...mirrors.filter(({ host }) => !resting.has(host)), ...mirrors.filter(({ host }) => resting.has(host))];
}
