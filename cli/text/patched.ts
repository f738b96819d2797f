import type { StatusReport } from '../report/status.ts';
import { type Column, table } from './columns.ts';
import type { Layout } from './paint.ts';
import { shortDigest } from './pull.ts';

/** Which containers were given a mirror's address. */
export function patchedLines({ patched, namespace }: StatusReport, { paint, columns }: Layout): string[] {
  if (patched.length === 0) return [];
  const titles: Column[] = [
    ...(namespace === undefined ? [{ title: 'NAMESPACE', least: 10 }] : []),
    { title: 'PATCHED POD', least: 12 },
    { title: 'CONTAINER', least: 6 },
    { title: 'STATE' },
    { title: 'NAMES NOW', keep: 'end', least: 16 },
    { title: 'IN PLACE OF', keep: 'end', least: 16 },
  ];
  const { head, rows } = table(
    titles,
    patched.map((one) => [
      ...(namespace === undefined ? [one.namespace] : []),
      one.pod,
      one.container,
      { text: one.state, style: one.state === 'running' ? 'green' : 'yellow' },
      one.image === one.original ? 'the original again' : shortDigest(one.image),
      shortDigest(one.original),
    ]),
    columns,
    paint,
  );
  return [head, ...rows];
}
