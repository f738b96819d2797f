import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallMirror } from '../../../test/small-mirror.ts';
import type { Content } from './content.ts';
import { answer } from './serve.ts';

const digest = `sha256:${'0'.repeat(64)}`;

/** A loopback registry of one blob, and how often the blob's connection was let go. */
async function registry(bytes: () => AsyncIterable<Uint8Array>) {
  const closed = Promise.withResolvers<void>();
  const content: Content = {
    resolve: () => Promise.reject(new Error('not asked')),
    manifest: () => Promise.reject(new Error('not asked')),
    blob: async () => ({ size: 10, bytes: bytes(), close: closed.resolve }),
    answers: () => [],
  };
  const server = await smallMirror(
    (request, response) => void answer({ repository: 'x', reference: '1', content }, request, response),
  );
  return { url: `http://${server.address}/v2/x/blobs/${digest}`, closed: closed.promise };
}

test('a layer that is only asked about is let go', { timeout: 30_000 }, async () => {
  const { url, closed } = await registry(async function* () {
    yield Buffer.alloc(10);
  });
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '10');
  await closed;
});

test('a layer whose runtime goes away in the middle is let go', { timeout: 30_000 }, async () => {
  const gone = new AbortController();
  const { url, closed } = await registry(async function* () {
    yield Buffer.alloc(5);
    await new Promise((resolve) => gone.signal.addEventListener('abort', resolve));
    yield Buffer.alloc(5);
  });
  await fetch(url, { signal: gone.signal });
  gone.abort();
  await closed;
});
