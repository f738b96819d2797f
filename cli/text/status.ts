import type { StatusReport } from '../report/status.ts';
import { mirrorLines } from './mirrors.ts';
import type { Layout } from './paint.ts';
import { patchedLines } from './patched.ts';
import { pullLines } from './pulls.ts';
import { stuckLines } from './stuck.ts';
import { timeOfDay } from './times.ts';
import { wrap } from './width.ts';

/** The status for people. */
export function statusText(report: StatusReport, layout: Layout): string {
  const sections = [
    summary(report, layout),
    stuckLines(report, layout),
    patchedLines(report, layout),
    pullLines(report, layout),
    mirrorLines(report, layout),
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

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
