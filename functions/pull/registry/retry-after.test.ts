import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { retryAfter } from './retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

for (const [headers, expected] of [
  [{ 'retry-after': '30' }, 30],
  [{ 'retry-after': ' 0 ' }, 0],
  [{ 'retry-after': '99999999' }, 86_400],
  [{ 'retry-after': '9'.repeat(400) }, 86_400],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }, 90],
  [{ 'retry-after': 'Thu, 01 Jan 2099 00:00:00 GMT' }, 86_400],
  [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
  [{ 'x-retry-after': '7' }, 7],
  [{ 'retry-after': 'soon', 'x-retry-after': '7' }, 7],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': '1.5' }, undefined],
  [{ 'retry-after': '١٢' }, undefined],
  [{ 'retry-after': '2026' }, 2026],
  [{ 'retry-after': 'never GMT' }, undefined],
  [{}, undefined],
] as const) {
  test(`${JSON.stringify(headers).slice(0, 60)}: ${expected} s`, () =>
    assert.equal(retryAfter(headers, now), expected));
}

test('whatever a mirror says: whole seconds, at most a day, or nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      ),
      (text) => {
        const seconds = retryAfter({ 'retry-after': text }, now);
        assert.ok(
          seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400),
          `${seconds}`,
        );
      },
    ),
  );
});
