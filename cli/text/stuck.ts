import { quote } from '../../shared/words/clean.ts';
import type { StatusReport } from '../report/status.ts';
import type { StuckReport } from '../report/stuck.ts';
import { block } from './block.ts';
import { type Column, table } from './columns.ts';
import type { Layout } from './paint.ts';
import { pullDetail, shortDigest, styles } from './pull.ts';
import { ago, timeOfDay, when } from './times.ts';

/** Lines that one sentence may take. */
const mostLines = 3;

/** Who is stuck, and below each why and what happens. */
export function stuckLines({ at, stuck, pulls, namespace }: StatusReport, layout: Layout): string[] {
  const { paint, columns } = layout;
  if (stuck.length === 0) return [];
  const titles: Column[] = [
    ...(namespace === undefined ? [{ title: 'NAMESPACE', least: 10 }] : []),
    { title: 'POD', least: 12 },
    { title: 'NODE', least: 6 },
    { title: 'IMAGE', keep: 'end', least: 16 },
    { title: 'STATE' },
    { title: 'AGE' },
  ];
  const { head, rows } = table(
    titles,
    stuck.map((one) => [
      ...(namespace === undefined ? [one.namespace] : []),
      one.pod,
      one.node ?? '',
      shortDigest(one.image ?? ''),
      { text: one.state, style: styles[one.state] },
      ago(one.created, at),
    ]),
    columns,
    paint,
  );
  // Replicas share their story: it is told once, below all of them.
  const stories = Map.groupBy(stuck.keys(), (index) => {
    const one = stuck[index];
    return one === undefined ? '' : story(one, pulls, at, layout).join('\n');
  });
  return [head, ...[...stories].flatMap(([told, indexes]) => [...indexes.map((index) => rows[index] ?? ''), told])];
}

function story(one: StuckReport, pulls: StatusReport['pulls'], now: string, layout: Layout): string[] {
  const pull = pulls.find(({ job }) => job === one.job);
  const tried =
    pull === undefined
      ? []
      : pull.answers.length > 0
        ? pull.answers.map(({ mirror, answer }) => `${mirror}: ${quote(answer)}`)
        : [pull.why ?? ''];
  const underWay = pull?.state === 'starting' || pull?.state === 'fetching';
  return [
    ...labelled('why', one.why, layout),
    ...(underWay && pull !== undefined ? labelled('now', pullDetail(pull, timeOfDay), layout) : []),
    ...(underWay ? [] : tried.filter((text) => text !== '').flatMap((text) => labelled('tried', text, layout))),
    ...labelled('next', nextText(one, now), layout),
  ];
}

/** What happens next, with the time where one is known. */
export function nextText({ next }: Pick<StuckReport, 'next'>, now: string): string {
  return next.at === undefined ? next.what : `${next.what}: ${when(next.at, now)}`;
}

function labelled(label: string, text: string, layout: Layout): string[] {
  return block(label, text, 9, layout, mostLines);
}
