import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { detect } from '../../functions/detect/handler.ts';
import { ApiError } from '../../shared/cluster/api.ts';
import { PermanentError, RetryableError } from '../../shared/events/errors.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { postTo } from '../../shared/http/post.ts';
import { recordedEvent, recordedRequests } from '../recorded.ts';
import { binary, post, served } from './served.ts';

// One express server serves every function; it answers as Knative's broker understands it.

let port: number;
before(async () => {
  port = await served(detect({ pullNamespace: 'pulls' }));
});

for (const recorded of recordedRequests().filter(({ headers }) => headers['ce-kind'] === 'Pod')) {
  test(`recorded ${recorded.name}: the same over HTTP, in every mode, as called directly`, async () => {
    const direct = await detect({ pullNamespace: 'pulls' })(recordedEvent(recorded));
    const attributes = Object.fromEntries(
      Object.entries(recorded.headers)
        .filter(([name]) => name.startsWith('ce-'))
        .map(([name, value]) => [name.slice(3), value]),
    );
    const structured = { ...attributes, datacontenttype: 'application/json', data: recorded.body };
    const requests = [
      { headers: recorded.headers, body: JSON.stringify(recorded.body) },
      { headers: { 'content-type': 'application/cloudevents+json' }, body: JSON.stringify(structured) },
      {
        headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
        body: JSON.stringify(structured),
      },
      { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: JSON.stringify([structured]) },
    ];
    for (const request of requests) {
      const response = await post(port, request);
      assert.equal(response.status, direct === undefined ? 202 : 200);
      assert.equal(response.headers.get('ce-id'), direct?.id ?? null);
      assert.equal(response.headers.get('ce-type'), direct?.type ?? null);
      const body = await response.text();
      if (direct === undefined) assert.equal(body, '');
      else assert.deepEqual(JSON.parse(body), direct.data);
    }
  });
}

test('a batch is answered with every reply', async () => {
  const echo = await served(async (event) => (event.id === 'silent' ? undefined : { ...event, type: 'answer' }));
  const one = (id: string) => ({ id, type: 't', source: '/s', specversion: '1.0', data: { id } });
  const send = (ids: string[]) =>
    post(echo, {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(ids.map(one)),
    });
  const several = await send(['a', 'silent', 'b']);
  assert.equal(several.headers.get('content-type'), 'application/cloudevents-batch+json');
  const events = (await several.json()) as { id: string; type: string; data: unknown }[];
  assert.deepEqual(
    events.map(({ id, type, data }) => ({ id, type, data })),
    ['a', 'b'].map((id) => ({ id, type: 'answer', data: { id } })),
  );
  assert.equal((await send(['silent'])).status, 202);
  assert.equal((await send([])).status, 202);
});

for (const [what, error, status, reason] of [
  ['RetryableError', new RetryableError('no slot'), 503, 'no slot'],
  ['PermanentError', new PermanentError('no pod'), 422, 'no pod'],
  ["a status of Kubernetes' own", new ApiError(409, 'Conflict', 'x is taken'), 422, 'x is taken'],
  ['a bug', new TypeError('undefined is not a function'), 422, "an error of its own; see the function's log"],
] as const) {
  test(`${what} is answered ${status} with one line that a dead letter shall have`, async () => {
    const failing = await served(async () => {
      throw error;
    });
    const response = await post(failing, binary);
    assert.equal(response.status, status);
    assert.equal(await response.text(), reason);
  });
}

test('a reason is cut where Knative would cut it', async () => {
  const failing = await served(async () => {
    throw new PermanentError('x'.repeat(5000));
  });
  const body = await (await post(failing, binary)).text();
  assert.ok(Buffer.from(body).toString('base64').length <= 1024);
});

test('it listens before its handler is made: alive, not ready, and nobody is turned away', async () => {
  const making = Promise.withResolvers<() => Promise<undefined>>();
  const slow = await served(making.promise);
  const health = async (kind: string) => (await fetch(`http://127.0.0.1:${slow}/health/${kind}`)).status;
  assert.deepEqual([await health('live'), await health('ready')], [200, 503]);
  const early = post(slow, binary);
  making.resolve(async () => undefined);
  assert.equal((await early).status, 202);
  assert.deepEqual([await health('live'), await health('ready')], [200, 200]);
});

const trace = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=t61rcWkgMzE',
};

test('a reply, and what is posted meanwhile, belong to the trace of the request', async () => {
  const posted: (string | null)[] = [];
  const { promise: sinkUrl, resolve } = Promise.withResolvers<string>();
  const echo = await served(async (event) => {
    await postTo(await sinkUrl)(event);
    return { ...event, type: 'answer' };
  });
  const sink = await import('node:http').then(({ createServer }) =>
    createServer((request, response) => {
      posted.push(`${request.headers['traceparent']} ${request.headers['tracestate']}`);
      response.writeHead(202).end();
    })
      .listen(0, '127.0.0.1')
      .unref(),
  );
  await new Promise((listening) => sink.once('listening', listening));
  const address = sink.address();
  assert.ok(typeof address === 'object' && address !== null);
  resolve(`http://127.0.0.1:${address.port}/`);
  const response = await post(echo, { ...binary, headers: { ...binary.headers, ...trace } });
  assert.equal(response.headers.get('traceparent'), trace.traceparent);
  assert.equal(response.headers.get('tracestate'), trace.tracestate);
  assert.deepEqual(posted, [`${trace.traceparent} ${trace.tracestate}`]);
  const without = await post(echo, binary);
  assert.equal(without.headers.get('traceparent'), null);
  assert.deepEqual(posted.slice(1), ['undefined undefined']);
  const forged = await post(echo, { ...binary, headers: { ...binary.headers, traceparent: 'x'.repeat(200) } });
  assert.equal(forged.headers.get('traceparent'), null);
  sink.close();
});

test('an event posted to a sink arrives whole; a sink that refuses is tried again', async () => {
  const seen: RescueEvent[] = [];
  const sink = await served(async (one) => {
    seen.push(one);
    if (seen.length > 1) throw new RetryableError('x');
    return undefined;
  });
  const url = `http://127.0.0.1:${sink}/`;
  const sent: RescueEvent = {
    id: '1',
    type: 't',
    source: '/s',
    subject: 'x',
    extensions: { kind: 'Pod' },
    data: { reason: 'ErrImagePull' },
  };
  await postTo(url)(sent);
  assert.deepEqual(seen, [sent]);
  await assert.rejects(postTo(url)(sent), RetryableError);
  assert.throws(() => postTo(undefined), /K_SINK/);
});
