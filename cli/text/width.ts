/** Characters that take two columns of a terminal (Unicode, East Asian Width W and F, in coarse ranges). */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const mark = /\p{M}/u;

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/**
 * A text in at most so many columns; an ellipsis says that something is missing.
 *
 * @param keep which end stays: an image's last part tells more than its first
 */
export function fit(text: string, columns: number, keep: 'start' | 'end' = 'start'): string {
  if (width(text) <= columns) return text;
  if (columns < 1) return '';
  const characters = [...text];
  let left = columns - 1;
  const kept: string[] = [];
  for (const character of keep === 'start' ? characters : characters.reverse()) {
    left -= columnsOf(character);
    if (left < 0) break;
    kept.push(character);
  }
  return keep === 'start' ? `${kept.join('')}…` : `…${kept.reverse().join('')}`;
}

/** The lines of a text that is broken at spaces, each in at most so many columns; longer words are cut. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? fit(word, columns) : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

function columnsOf(character: string): number {
  if (mark.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
