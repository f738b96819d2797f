import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import pino from 'pino';
import { mayConcern } from '../../functions/detect/decide.ts';
import { detect } from '../../functions/detect/handler.ts';
import { ApiError } from '../../shared/cluster/api.ts';
import { PermanentError, RetryableError } from '../../shared/events/errors.ts';
import type { Handler, RescueEvent } from '../../shared/events/event.ts';
import { postTo } from '../../shared/http/post.ts';
import { serve } from '../../shared/http/server.ts';
import { recordedEvent, recordedRequests } from '../recorded.ts';

// One express server serves every function; it answers as Knative's broker understands it.

const log = pino({ level: 'silent' });
const servers: { close(): void }[] = [];
let detectUrl: string;

async function url(handler: Handler): Promise<string> {
  const server = await serve(handler, { port: 0, log, mayConcern });
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

before(async () => {
  detectUrl = await url(detect({ pullNamespace: 'pulls' }));
});
after(() => {
  for (const server of servers) server.close();
});

for (const recorded of recordedRequests().filter(({ headers }) => headers['ce-kind'] === 'Pod')) {
  test(`recorded ${recorded.name}: the same over HTTP, binary and structured, as called directly`, async () => {
    const direct = await detect({ pullNamespace: 'pulls' })(recordedEvent(recorded));
    const attributes = Object.fromEntries(
      Object.entries(recorded.headers)
        .filter(([name]) => name.startsWith('ce-'))
        .map(([name, value]) => [name.slice(3), value]),
    );
    const requests = [
      { headers: recorded.headers, body: JSON.stringify(recorded.body) },
      {
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data: recorded.body }),
      },
    ];
    for (const request of requests) {
      const response = await fetch(detectUrl, { method: 'POST', ...request });
      assert.equal(response.status, direct === undefined ? 202 : 200);
      assert.equal(response.headers.get('ce-id'), direct?.id ?? null);
      assert.equal(response.headers.get('ce-type'), direct?.type ?? null);
      const body = await response.text();
      if (direct === undefined) assert.equal(body, '');
      else assert.deepEqual(JSON.parse(body), direct.data);
    }
  });
}

const event = {
  headers: {
    'ce-id': '1',
    'ce-type': 't',
    'ce-source': 's',
    'ce-specversion': '1.0',
    'content-type': 'application/json',
  },
  body: '"ErrImagePull"',
};

for (const [what, error, status] of [
  ['RetryableError', new RetryableError('x'), 503],
  ['PermanentError', new PermanentError('x'), 422],
  ["a status of Kubernetes' own", new ApiError(409, 'Conflict', 'x'), 422],
  ['a bug', new TypeError('x'), 422],
] as const) {
  test(`${what} is answered ${status}, without a body`, async () => {
    const failing = await url(async () => {
      throw error;
    });
    const response = await fetch(failing, { method: 'POST', ...event });
    assert.equal(response.status, status);
    assert.equal(await response.text(), '');
  });
}

for (const [what, request, status] of [
  ['no CloudEvent', { headers: { 'content-type': 'application/json' }, body: '{}' }, 400],
  ['no JSON', { headers: { 'content-type': 'application/cloudevents+json' }, body: '{' }, 400],
  ['a CloudEvent without a type', { headers: { ...event.headers, 'ce-type': '' }, body: event.body }, 400],
  ['too large', { headers: event.headers, body: JSON.stringify('x'.repeat(5 * 1024 * 1024)) }, 413],
] as const) {
  test(`${what} is answered ${status}`, async () => {
    assert.equal((await fetch(detectUrl, { method: 'POST', ...request })).status, status);
  });
}

test('data of another shape is answered 422: it will not fit next time either', async () => {
  assert.equal((await fetch(detectUrl, { method: 'POST', ...event })).status, 422);
});

test('an event posted to a sink arrives whole; a sink that refuses is tried again', async () => {
  const seen: RescueEvent[] = [];
  const sink = await url(async (one) => {
    seen.push(one);
    if (seen.length > 1) throw new RetryableError('x');
    return undefined;
  });
  const sent: RescueEvent = {
    id: '1',
    type: 't',
    source: '/s',
    subject: 'x',
    extensions: { kind: 'Pod' },
    data: { reason: 'ErrImagePull' },
  };
  await postTo(sink)(sent);
  assert.deepEqual(seen, [sent]);
  await assert.rejects(postTo(sink)(sent), RetryableError);
  assert.throws(() => postTo(undefined), /K_SINK/);
});
