import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { detect } from '../../functions/detect/handler.ts';
import { tooDeep } from '../../shared/http/depth.ts';
import { binary, post, served } from './served.ts';

let port: number;
before(async () => {
  port = await served(detect({ pullNamespace: 'pulls' }));
});

const structured = { 'content-type': 'application/cloudevents+json' };
const batched = { 'content-type': 'application/cloudevents-batch+json' };
const event = { id: '1', type: 't', source: 's', specversion: '1.0', data: 'ErrImagePull' };
const nested = (levels: number) => `${'['.repeat(levels)}"ErrImagePull"${']'.repeat(levels)}`;
const mebibyte = 1024 * 1024;

for (const [what, request, status] of [
  ['no CloudEvent', { headers: { 'content-type': 'application/json' }, body: '{}' }, 400],
  ['nothing at all', { headers: {}, body: '' }, 400],
  ['no JSON', { headers: structured, body: '{' }, 400],
  ['binary mode without JSON where JSON is announced', { ...binary, body: '"ErrImagePull' }, 400],
  ['a list where one event is announced', { headers: structured, body: JSON.stringify([event]) }, 400],
  ['one event where a list is announced', { headers: batched, body: JSON.stringify(event) }, 400],
  ['a list of something else', { headers: batched, body: '[1, null, "x"]' }, 400],
  ['null', { headers: structured, body: 'null' }, 400],
  [
    'an encoding of CloudEvents that is not ours',
    { headers: { 'content-type': 'application/cloudevents+avro' }, body: 'x' },
    400,
  ],
  ['a content type of another kind', { headers: { 'content-type': 'multipart/form-data' }, body: 'ErrImagePull' }, 400],
  ['a CloudEvent without a type', { ...binary, headers: { ...binary.headers, 'ce-type': '' } }, 400],
  ['a CloudEvent without a source', { ...binary, headers: { ...binary.headers, 'ce-source': '' } }, 400],
  ['a structured one without an id', { headers: structured, body: JSON.stringify({ ...event, id: '' }) }, 400],
  ['200,000 levels, binary', { ...binary, body: nested(200_000) }, 400],
  ['200,000 levels, structured', { headers: structured, body: `{"data":${nested(200_000)}}` }, 400],
  ['200,000 levels, batched', { headers: batched, body: nested(200_000) }, 400],
  ['levels that never end', { ...binary, body: `"ErrImagePull"${'{"a":'.repeat(200_000)}` }, 400],
  ['100 levels: not a pod', { ...binary, body: nested(100) }, 422],
  ['text where a pod is expected', { ...binary, headers: { ...binary.headers, 'content-type': 'text/plain' } }, 422],
  ['data of another shape', binary, 422],
  ['too large', { ...binary, body: JSON.stringify('x'.repeat(5 * mebibyte)) }, 413],
  [
    'small only while it is compressed',
    {
      headers: { ...binary.headers, 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(Buffer.alloc(50 * mebibyte))),
    },
    413,
  ],
  ['compressed in a way that is none', { headers: { ...binary.headers, 'content-encoding': 'gzip' }, body: 'x' }, 400],
] as const) {
  test(`${what} is answered ${status}`, async () => {
    assert.equal((await post(port, request)).status, status);
    assert.equal((await post(port, { ...binary, body: '{}' })).status, 202, 'and the next one is served');
  });
}

test('other paths and methods are none of ours, and say nothing', async () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['PUT', '/'],
    ['POST', '/x'],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    assert.deepEqual([response.status, await response.text()], [404, '']);
  }
});

test('depth is counted outside of strings only', () => {
  assert.equal(tooDeep(Buffer.from(nested(200))), false);
  assert.equal(tooDeep(Buffer.from(nested(201))), true);
  assert.equal(tooDeep(Buffer.from(JSON.stringify('[{'.repeat(1000)))), false);
  assert.equal(tooDeep(Buffer.from(JSON.stringify({ '\\"': `"${'['.repeat(1000)}\\` }))), false);
  assert.equal(tooDeep(Buffer.from(`["\\\\",${nested(200)}]`)), true);
  assert.equal(tooDeep(Buffer.from(JSON.stringify(Array.from({ length: 1000 }, () => [[]])))), false);
});
