import { clean } from '../../../shared/words/clean.ts';

/** A mirror did not serve what was asked; the message says what it said: `404 Not Found: MANIFEST_UNKNOWN`. */
export class MirrorRefusal extends Error {
  override name = 'MirrorRefusal';
}

/** What a mirror said, at most 300 bytes of it, fit to be shown. */
export function oneLine(text: string): string {
  return clean(text, 300);
}
