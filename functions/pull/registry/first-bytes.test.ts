import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { firstBytes } from './first-bytes.ts';

test('what is beyond the beginning is not read', async () => {
  let read = 0;
  const body = Readable.from(
    (function* () {
      for (; read < 10_000; read += 1) yield Buffer.alloc(100, 'x');
    })(),
  );
  assert.equal(await firstBytes(body, 250), 'x'.repeat(250));
  assert.ok(read < 100, `${read} chunks were read`);
  assert.ok(body.destroyed);
});

test('a body that breaks off is as long as it came', async () => {
  const body = Readable.from(
    (async function* () {
      yield Buffer.from('so far');
      throw new Error('gone');
    })(),
  );
  assert.equal(await firstBytes(body, 100), 'so far');
});
