import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLine, readProgress } from './progress.ts';

const at = '2026-03-01T12:00:00.000Z';

test('the last line that tells of progress counts, whatever stands around it', () => {
  const [first, last] = [1e6, 34_100_000].map((bytes) => progressLine({ bytes, of: 120_500_000 }, 'x.io/y:1'));
  const log = `${at} route is up\n${at} ${first}\n${at} ${last}\n${at} a: 404\n`;
  assert.deepEqual(readProgress(log), { bytes: 34_100_000, of: 120_500_000 });
});

test('a log without it tells nothing', () => {
  for (const log of ['', `${at} route is up\n`, '1 of 2 MB of x']) assert.equal(readProgress(log), undefined, log);
});
