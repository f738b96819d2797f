import type { StatusReport } from '../report/status.ts';
import { type Column, table } from './columns.ts';
import type { Layout } from './paint.ts';
import { pullDetail, shortDigest, styles } from './pull.ts';
import { ago, timeOfDay } from './times.ts';

/** More pulls than this are counted, not listed. */
const mostPulls = 20;

/** What is under way first, then what failed. */
export function pullLines({ at, pulls }: StatusReport, { paint, columns }: Layout): string[] {
  if (pulls.length === 0) return [];
  const rank = { fetching: 0, starting: 0, failed: 1, came: 2 } as const;
  const shown = [...pulls].sort((a, b) => rank[a.state] - rank[b.state]).slice(0, mostPulls);
  const titles: Column[] = [
    { title: 'PULL OF', keep: 'end', least: 16 },
    { title: 'NODE', least: 6 },
    { title: 'STATE' },
    { title: 'AGE' },
    { title: '', least: 36 },
  ];
  const { head, rows } = table(
    titles,
    shown.map((pull) => [
      shortDigest(pull.image),
      pull.node,
      { text: pull.state, style: styles[pull.state] },
      ago(pull.created, at),
      pullDetail(pull, timeOfDay),
    ]),
    columns,
    paint,
  );
  const more = pulls.length - shown.length;
  return [head, ...rows, ...(more > 0 ? [`… and ${more} more (-o json has all)`] : [])];
}
