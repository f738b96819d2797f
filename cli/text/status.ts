import { quote } from '../../shared/words/clean.ts';
import type { StatusReport } from '../report/status.ts';
import type { StuckReport } from '../report/stuck.ts';
import { block } from './block.ts';
import { type Column, table } from './columns.ts';
import type { Layout } from './paint.ts';
import { pullDetail, shortDigest, styles } from './pull.ts';
import { ago, timeOfDay, when } from './times.ts';
import { wrap } from './width.ts';

/** More pulls than this are counted, not listed. */
const mostPulls = 20;
/** Lines that one sentence may take. */
const mostLines = 3;

/** The status for people. */
export function statusText(report: StatusReport, layout: Layout): string {
  const sections = [
    summary(report, layout),
    stuck(report, layout),
    patched(report, layout),
    pulls(report, layout),
    mirrors(report, layout),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function summary({ at, stuck, pulls, namespace }: StatusReport, { paint, columns }: Layout): string[] {
  const pods = new Set(stuck.map((one) => `${one.namespace}/${one.pod}`)).size;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const waits =
    pods === 0
      ? `No pod is stuck on an image${where}.`
      : `${count(pods, 'pod is', 'pods are')} stuck on an image${where}.`;
  const open = pulls.filter(({ state }) => state === 'starting' || state === 'fetching').length;
  const held = pulls.filter(({ route }) => route !== undefined).length;
  const rest = pulls.filter(({ restsUntil }) => restsUntil !== undefined).length;
  const more = [
    open > 0 && `${count(open, 'pull is', 'pulls are')} under way`,
    held > 0 && `${count(held, 'route is', 'routes are')} held`,
    rest > 0 && `${count(rest, 'failed pull rests', 'failed pulls rest')}`,
  ].filter((part) => part !== false);
  const [first = '', ...others] = wrap(
    `${timeOfDay(at)}  ${waits}${more.length > 0 ? ` ${more.join(', ')}.` : ''}`,
    columns,
  );
  return [paint('bold', first), ...others];
}

function stuck({ at, stuck, pulls, namespace }: StatusReport, layout: Layout): string[] {
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

function patched({ patched, namespace }: StatusReport, { paint, columns }: Layout): string[] {
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

function pulls({ at, pulls }: StatusReport, { paint, columns }: Layout): string[] {
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

function mirrors({ mirrors }: StatusReport, { paint, columns }: Layout): string[] {
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

function labelled(label: string, text: string, layout: Layout): string[] {
  return block(label, text, 9, layout, mostLines);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
