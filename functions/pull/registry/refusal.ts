import type { Outcome } from '../../../shared/pulls/result.ts';
import { clean } from '../../../shared/words/clean.ts';

/** A mirror did not serve what was asked; the message says what it said: `404 Not Found: MANIFEST_UNKNOWN`. */
export class MirrorRefusal extends Error {
  override name = 'MirrorRefusal';
  readonly outcome: Exclude<Outcome, 'has it'>;
  /** Seconds for which it asked to be left alone. */
  readonly retryAfter: number | undefined;

  constructor(message: string, outcome: MirrorRefusal['outcome'], more: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.outcome = outcome;
    this.retryAfter = more.retryAfter;
  }
}

/** What a mirror said, at most 300 bytes of it, fit to be shown. */
export function oneLine(text: string): string {
  return clean(text, 300);
}
