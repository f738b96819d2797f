import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ownEvent } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import { toHttp } from '../../shared/http/message.ts';
import { recordedRequests } from '../recorded.ts';
import { kubeconfigFor, startFunctionProcess } from './function-process.ts';
import { binary, post } from './served.ts';

// The functions as processes: the bundle, the environment, signals.

const stuck = toHttp([
  ownEvent('detect', eventTypes.imageStuck, 'default/web', {
    pod: { namespace: 'default', name: 'web', uid: '1' },
    images: [],
  }),
]);

/** An API server that knows nothing, and says so as soon as it is let. */
async function slowApiServer() {
  const asked = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const server = createServer(async (_, response) => {
    asked.resolve();
    await mayAnswer.promise;
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"reason":"NotFound"}');
  }).listen(0, '127.0.0.1');
  // Also where a test fails: a server that listens would keep this process from its end.
  server.unref();
  await new Promise((listening) => server.once('listening', listening));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, asked: asked.promise, answer: () => mayAnswer.resolve() };
}

test('SIGTERM: what is under way is answered, nobody new is let in, the end is 0', async () => {
  const apiServer = await slowApiServer();
  const submitCache = await startFunctionProcess('submit-cache.cjs', { KUBECONFIG: kubeconfigFor(apiServer.url) });

  const idle = connect({ port: submitCache.port, host: '127.0.0.1' }).resume();
  idle.on('error', () => undefined);
  await new Promise((connected) => idle.once('connect', connected));
  const underWay = post(submitCache.port, stuck);
  await Promise.race([
    apiServer.asked,
    underWay.then((early) => assert.fail(`answered ${early.status} without asking the API server`)),
  ]);
  submitCache.signal('SIGTERM');
  await refused(submitCache.port);
  assert.equal(await Promise.race([submitCache.ended, 'still there']), 'still there');
  apiServer.answer();
  const answer = await underWay;
  assert.equal(answer.status, 202, submitCache.output());
  assert.equal(answer.headers.get('connection'), 'close');
  assert.equal(await submitCache.ended, 0, submitCache.output());
});

async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    const outcome = await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
    socket.destroy();
    if (outcome instanceof Error) return;
  }
}

test('an API server that cannot be reached is a 503: bring it again', async () => {
  const submitCache = await startFunctionProcess('submit-cache.cjs', {
    KUBECONFIG: kubeconfigFor('http://127.0.0.1:1'),
  });
  const answer = await post(submitCache.port, stuck);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /ECONNREFUSED/);
});

test('what is not for a function is acknowledged: a Trigger without a filter fills no dead letters', async () => {
  const detect = await startFunctionProcess('detect.cjs', {});
  const recorded = recordedRequests();
  const send = (name: string, more: Record<string, string> = {}) => {
    const found = recorded.find((one) => one.name.startsWith(name));
    assert.ok(found !== undefined, name);
    return post(detect.port, { headers: { ...found.headers, ...more }, body: JSON.stringify(found.body) });
  };
  assert.equal((await send('pod-update-web-errimagepull')).status, 200);
  assert.equal((await send('pod-update-web-errimagepull', { 'ce-kind': 'Sandwich' })).status, 202);
  assert.equal((await send('pod-update-web-errimagepull', { 'ce-rescuesource': 'pulls' })).status, 202);
  assert.equal((await send('imagecache-update-cache-fails')).status, 202);
  assert.equal((await post(detect.port, binary)).status, 202);
  detect.signal('SIGTERM');
  assert.equal(await detect.ended, 0);
});

const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc' };

test('bodies of 50 MB are answered 413 in constant memory', onLinux, async () => {
  const detect = await startFunctionProcess('detect.cjs', {});
  const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${detect.pid}/status`, 'utf8'))?.[1]) / 1024;
  const chunk = Buffer.alloc(64 * 1024, 'ErrImagePull ');
  const send = (announced: boolean) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port: detect.port, host: '127.0.0.1' }).setEncoding('utf8');
      let answer = '';
      socket.on('data', (text) => (answer += text)).on('error', reject);
      socket.once('close', () => resolve(answer));
      const headers = Object.entries(binary.headers).map(([name, value]) => `${name}: ${value}`);
      const framing = announced ? `content-length: ${800 * chunk.length}` : 'transfer-encoding: chunked';
      socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${[...headers, framing].join('\r\n')}\r\n\r\n`);
      const write = (left: number): void => {
        if (left === 0) return void socket.write(announced ? '' : '0\r\n\r\n');
        if (!announced) socket.write(`${chunk.length.toString(16)}\r\n`);
        socket.write(chunk, () => write(left - 1));
        if (!announced) socket.write('\r\n');
      };
      write(800);
    });
  // The first ones size the heap.
  for (const announced of [true, false, true, false]) assert.match(await send(announced), /^HTTP\/1\.1 413 /);
  const before = peak();
  for (const announced of [true, false, true, false, true, false])
    assert.match(await send(announced), /^HTTP\/1\.1 413 /);
  const grown = peak() - before;
  // Less than a single one; what it grows by is garbage that was not collected yet.
  assert.ok(grown < 40, `the most it had in memory grew by ${grown} MiB over six bodies of 50 MB`);
});

test('a wrong environment is told whole before anything begins', async () => {
  const detect = await startFunctionProcess('detect.cjs', { DOCKER_PROXY_URL: '', ROUTE: 'perhaps' });
  assert.equal(await detect.ended, 2);
  assert.match(detect.output(), /DOCKER_PROXY_URL is not set[\s\S]*ROUTE is "perhaps"/);
  const port = await startFunctionProcess('detect.cjs', { PORT: '99999' });
  assert.equal(await port.ended, 2);
  assert.match(port.output(), /PORT is "99999"/);
});

test('sweep without a sink ends, and names what sets it', async () => {
  const sweep = await startFunctionProcess('sweep.cjs', { KUBECONFIG: kubeconfigFor('http://127.0.0.1:1') });
  assert.equal(await sweep.ended, 2);
  assert.match(sweep.output(), /K_SINK is not set.*SinkBinding/);
});
