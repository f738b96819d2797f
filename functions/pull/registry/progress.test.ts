import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from './content.ts';
import { withProgress } from './progress.ts';

const manifest = {
  body: Buffer.from(JSON.stringify({ config: { size: 500_000 }, layers: [{ size: 4_000_000 }, { size: 5_500_000 }] })),
  mediaType: '',
  digest: 'sha256:1',
};

/** Content whose one blob comes as two halves. */
function twoHalves(size: number): Content {
  return {
    resolve: async () => ({ ...manifest, mirror: 'm', credentials: false }),
    manifest: async () => manifest,
    blob: async () => ({
      size,
      close: () => undefined,
      bytes: (async function* () {
        yield Buffer.alloc(size / 2);
        yield Buffer.alloc(size / 2);
      })(),
    }),
    answers: () => [],
  };
}

test('every five seconds: how much of what the manifest lists has come', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lines: string[] = [];
  const content = withProgress(twoHalves(4_000_000), 'x:1', (line) => lines.push(line));
  await content.manifest('sha256:1');
  const bytes = (await content.blob('sha256:2', 0)).bytes[Symbol.asyncIterator]();
  await bytes.next();
  t.mock.timers.tick(4_999);
  assert.deepEqual(lines, []);
  t.mock.timers.tick(1);
  assert.deepEqual(lines, ['2.0 of 10.0 MB of x:1 have come']);
  t.mock.timers.tick(60_000);
  assert.equal(lines.length, 1, 'nothing new, nothing said');
  await bytes.next();
  t.mock.timers.tick(5_000);
  assert.deepEqual(lines.slice(1), ['4.0 of 10.0 MB of x:1 have come']);
  await bytes.next();
  t.mock.timers.tick(60_000);
  assert.equal(lines.length, 2, 'it is over');
});

test('without a manifest that lists them, of the layers that have begun', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lines: string[] = [];
  const content = withProgress(twoHalves(1_000_000), 'x:1', (line) => lines.push(line));
  const bytes = (await content.blob('sha256:2', 0)).bytes[Symbol.asyncIterator]();
  await bytes.next();
  t.mock.timers.tick(5_000);
  assert.deepEqual(lines, ['0.5 of 1.0 MB of x:1 have come']);
});
