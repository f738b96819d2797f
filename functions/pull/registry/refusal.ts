/** A mirror did not serve what was asked; the message says what it said: `404 Not Found: MANIFEST_UNKNOWN`. */
export class MirrorRefusal extends Error {
  override name = 'MirrorRefusal';
}

/** Control characters and bidirectional marks could rewrite the terminal of whoever reads them. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
