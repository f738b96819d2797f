import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProgress } from './progress.ts';

const at = '2026-03-01T12:00:00.000Z';

test('the last line that tells of progress counts, whatever stands around it', () => {
  const log = `${at} route is up\n${at} 1.0 of 120.5 MB of x/y:1 have come\n${at} 34.1 of 120.5 MB of x/y:1 have come\n${at} a: 404\n`;
  assert.deepEqual(readProgress(log), { bytes: 34_100_000, of: 120_500_000 });
});

test('a log without it tells nothing', () => {
  for (const log of ['', `${at} route is up\n`, '1 of 2 MB of x']) assert.equal(readProgress(log), undefined, log);
});
