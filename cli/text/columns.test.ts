import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './columns.ts';
import { inColour, plain } from './paint.ts';
import { width } from './width.ts';

const titles = [{ title: 'POD', least: 5 }, { title: 'IMAGE', keep: 'end', least: 8 }, { title: 'STATE' }] as const;
const rows = [
  ['web-1', 'docker.io/library/nginx:1.27', { text: 'fetching', style: 'cyan' }],
  ['a-pod-with-a-long-name', 'quay.io/x:1', 'refused'],
] as const;

test('rows are aligned under their titles, as wide as they need', () => {
  const made = table(titles, rows, Number.POSITIVE_INFINITY, plain);
  assert.deepEqual(
    [made.head, ...made.rows],
    [
      'POD                     IMAGE                         STATE',
      'web-1                   docker.io/library/nginx:1.27  fetching',
      'a-pod-with-a-long-name  quay.io/x:1                   refused',
    ],
  );
});

test('where there is no room the widest give way, each keeping its telling end', () => {
  const made = table(titles, rows, 40, plain);
  for (const line of [made.head, ...made.rows]) assert.ok(width(line) <= 40, line);
  assert.match(made.rows[0] ?? '', /…\S*nginx:1\.27 +fetching$/);
  assert.match(made.rows[1] ?? '', /^a-pod-\S*… /);
});

test('down to its least a column gives way before a smaller one does; those without one are never cut', () => {
  assert.equal(table(titles, rows, 25, plain).rows[0], 'web-1  …nx:1.27  fetching');
  assert.equal(table(titles, rows, 1, plain).rows[0], 'web…  ….27  fetching');
});

test('colours take no room', () => {
  const coloured = table(titles, rows, 60, inColour).rows[0] ?? '';
  assert.ok(coloured.endsWith('\u001b[36mfetching\u001b[0m'));
  assert.equal(width(coloured), width(table(titles, rows, 60, plain).rows[0] ?? '') + '\u001b[36m\u001b[0m'.length);
});
