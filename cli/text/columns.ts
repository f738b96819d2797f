import type { Paint, Style } from './paint.ts';
import { fit, width } from './width.ts';

export interface Column {
  readonly title: string;
  /** Which end of its cells stays where they have to be cut. */
  readonly keep?: 'start' | 'end';
  /** Others give way before it is narrower than this, in columns of the terminal; absent: it is never cut. */
  readonly least?: number;
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

const gap = 2;
/** On a terminal that has no room for all the leasts, columns. */
const leastOfAll = 4;

/**
 * Aligned rows under their titles. Where they do not fit, the widest columns that may be cut give way, down to their least.
 *
 * @param rows cells in the order of the columns
 * @param columns of the terminal
 */
export function table(
  titles: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  columns: number,
  paint: Paint,
): { head: string; rows: string[] } {
  const cells = rows.map((row) => row.map((cell): Cell => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths = titles.map(({ title }, index) =>
    Math.max(width(title), ...cells.map((row) => width(row[index]?.text ?? ''))),
  );
  const over = () => widths.reduce((sum, one) => sum + one + gap, -gap) - columns;
  const giveWay = (least: (column: Column) => number) => {
    while (over() > 0) {
      const roomy = titles.flatMap((column, index) =>
        column.least !== undefined && (widths[index] ?? 0) > least(column) ? index : [],
      );
      const [widest] = roomy.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
      if (widest === undefined) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  };
  giveWay(({ least = 0 }) => least);
  giveWay(() => leastOfAll);
  const line = (row: readonly Cell[]) =>
    row
      .map(({ text, style }, index) => {
        const room = widths[index] ?? 0;
        const shown = fit(text, room, titles[index]?.keep);
        const padding = index === row.length - 1 ? '' : ' '.repeat(room - width(shown) + gap);
        return `${style === undefined ? shown : paint(style, shown)}${padding}`;
      })
      .join('')
      .trimEnd();
  return { head: line(titles.map(({ title }) => ({ text: title, style: 'dim' }))), rows: cells.map(line) };
}
