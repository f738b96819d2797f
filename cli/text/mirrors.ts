import { quote } from '../../shared/words/clean.ts';
import type { StatusReport } from '../report/status.ts';
import { type Column, table } from './columns.ts';
import type { Layout } from './paint.ts';
import { shortDigest } from './pull.ts';
import { timeOfDay } from './times.ts';

/** How each mirror did. */
export function mirrorLines({ mirrors }: StatusReport, { paint, columns }: Layout): string[] {
  if (mirrors.length === 0) return [];
  const resting = mirrors.some(({ restsUntil }) => restsUntil !== undefined);
  const titles: Column[] = [
    { title: 'MIRROR', keep: 'end', least: 16 },
    { title: 'ASKED' },
    { title: 'SERVED' },
    ...(resting ? [{ title: 'RESTS UNTIL' }] : []),
    { title: 'LAST REFUSAL', least: 10 },
  ];
  const { head, rows } = table(
    titles,
    mirrors.map(({ mirror, asked, served, rate, restsUntil, lastRefusal }) => [
      mirror,
      String(asked),
      {
        text: rate === undefined ? '-' : `${served} (${Math.round(rate * 100)}%)`,
        ...(rate !== undefined && { style: rate === 1 ? 'green' : rate === 0 ? 'red' : 'yellow' }),
      },
      ...(resting ? [restsUntil === undefined ? '' : timeOfDay(restsUntil)] : []),
      lastRefusal === undefined ? '' : `${quote(lastRefusal.answer)} for ${shortDigest(lastRefusal.image)}`,
    ]),
    columns,
    paint,
  );
  return [head, ...rows];
}
