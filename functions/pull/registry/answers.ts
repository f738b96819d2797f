import type { MirrorAnswer, Outcome } from '../../../shared/pulls/result.ts';
import type { MirrorClient } from './mirror.ts';
import type { MirrorRefusal } from './refusal.ts';

/** Keeps what each mirror said. */
export interface Answers {
  hasIt(mirror: MirrorClient, words?: string): void;
  refused(mirror: MirrorClient, refusal: MirrorRefusal): void;
  /** In the order of the mirrors; those that were not asked are left out. */
  list(): MirrorAnswer[];
}

/** A mirror that refuses every layer says much the same each time. */
const mostRefusals = 3;

interface Said {
  readonly words: readonly string[];
  readonly outcome: Outcome;
  /** Until when it asked to be left alone; milliseconds since the epoch. */
  readonly until: number;
}

/** @param now milliseconds since the epoch */
export function keepAnswers(mirrors: readonly MirrorClient[], now: () => number): Answers {
  const said = new Map<MirrorClient, Said>();

  const add = (mirror: MirrorClient, words: string, outcome: Outcome, retryAfter = 0) => {
    const before = said.get(mirror);
    const known = before?.words ?? [];
    said.set(mirror, {
      words: known.includes(words) || known.length >= mostRefusals ? known : [...known, words],
      outcome,
      until: Math.max(before?.until ?? 0, now() + retryAfter * 1000),
    });
  };

  return {
    hasIt: (mirror, words = 'has it') => add(mirror, words, 'has it'),
    refused: (mirror, { message, outcome, retryAfter }) => add(mirror, message, outcome, retryAfter),
    list: () =>
      mirrors.flatMap((mirror) => {
        const answer = said.get(mirror);
        if (answer === undefined) return [];
        const { words, outcome, until } = answer;
        const retryAfter = Math.ceil((until - now()) / 1000);
        return { mirror: mirror.name, answer: words.join('; '), outcome, ...(retryAfter > 0 && { retryAfter }) };
      }),
  };
}
