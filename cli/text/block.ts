import type { Layout } from './paint.ts';
import { fit, width, wrap } from './width.ts';

/**
 * A label and a text beside it, broken at spaces; all lines but the first begin below the text.
 *
 * @param label it stands two columns from the edge
 * @param indent where the text begins, in columns
 * @param most lines; what is more is cut
 */
export function block(
  label: string,
  text: string,
  indent: number,
  { paint, columns }: Layout,
  most = Number.POSITIVE_INFINITY,
): string[] {
  const room = Math.max(columns - indent, 10);
  const lines = wrap(text, room);
  const shown = lines.length > most ? [...lines.slice(0, most - 1), fit(lines.slice(most - 1).join(' '), room)] : lines;
  const head =
    label === '' ? ' '.repeat(indent) : `  ${paint('dim', label)}${' '.repeat(Math.max(indent - 2 - width(label), 1))}`;
  return shown.map((line, index) => `${index === 0 ? head : ' '.repeat(indent)}${line}`);
}
