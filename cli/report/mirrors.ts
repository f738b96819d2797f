import { restingMirrors } from '../../shared/pulls/resting.ts';
import type { MirrorAnswer } from '../../shared/pulls/result.ts';
import { type PullReport, rfc3339 } from './pulls.ts';

/** How a mirror did in the pulls that are still remembered. Times are RFC 3339. */
export interface MirrorReport {
  readonly mirror: string;
  /** How many pulls asked it. */
  readonly asked: number;
  /** In how many of them it had the image and served it. */
  readonly served: number;
  /** Of those that asked, from 0 to 1; absent where none did. */
  readonly rate?: number;
  /** It throttles, is down or slow, and is asked after all others until then. */
  readonly restsUntil?: string;
  /** What it said when it last did not serve an image. */
  readonly lastRefusal?: { readonly image: string; readonly answer: string; readonly at: string };
}

/**
 * In the order in which they are asked.
 *
 * @param coolDown COOL_DOWN, seconds
 * @param now milliseconds since 1970
 */
export function mirrorReports(pulls: readonly PullReport[], coolDown: number, now: number): MirrorReport[] {
  const ended = pulls.flatMap(({ ended, answers }) => (ended === undefined ? [] : { at: Date.parse(ended), answers }));
  const resting = restingMirrors(ended, coolDown, now);
  const mirrors = new Set(pulls.flatMap((pull) => [...pull.mirrors, ...pull.answers.map(({ mirror }) => mirror)]));
  return [...mirrors].map((mirror) => {
    const answers = pulls.flatMap(({ image, ended, created, answers }) =>
      answers
        .filter((one) => one.mirror === mirror)
        .map((one) => ({ image, answer: one.answer, at: ended ?? created, served: served(one) })),
    );
    const good = answers.filter((one) => one.served).length;
    const [last] = answers.filter((one) => !one.served).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    const rests = resting.get(mirror);
    return {
      mirror,
      asked: answers.length,
      served: good,
      ...(answers.length > 0 && { rate: Math.round((good / answers.length) * 1000) / 1000 }),
      ...(rests !== undefined && { restsUntil: rfc3339(rests) }),
      ...(last !== undefined && { lastRefusal: { image: last.image, answer: last.answer, at: last.at } }),
    };
  });
}

/** The last of what became of it counts: some have a manifest, and then not what it lists. */
function served({ answer, outcome }: MirrorAnswer): boolean {
  return outcome === undefined ? answer === 'has it' : outcome === 'has it';
}
