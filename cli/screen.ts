import type { WriteStream } from 'node:tty';
import { inColour, type Layout, plain } from './text/paint.ts';

/** What of standard output decides how a text is laid out. */
export type Output = Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>;

const clear = '\u001b[H\u001b[2J\u001b[3J';

/** Colours and a width only where a person looks on (no-color.org: any value that is not empty). */
export function layoutOf({ isTTY, columns }: Output, env: Readonly<Record<string, string | undefined>>): Layout {
  const colours = isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return { paint: colours ? inColour : plain, columns: isTTY ? Math.max(columns || 80, 40) : Number.POSITIVE_INFINITY };
}

/** A picture in place of the one before: no more lines than there is room for. */
export function picture(text: string, { rows }: Output): string {
  const lines = text.trimEnd().split('\n');
  const room = Math.max((rows || 24) - 1, 5);
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
  return `${clear}${shown.join('\n')}\n`;
}
