import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import fc from 'fast-check';
import { detect } from '../../functions/detect/handler.ts';
import { recordedEvent, recordedRequests } from '../recorded.ts';
import { served } from './served.ts';

// TCP has no messages: a request may arrive in any pieces.

let port: number;
before(async () => {
  port = await served(detect({ pullNamespace: 'pulls' }));
});

/** Sends bytes in pieces that end where it is told, each in a segment of its own, and resolves with all that comes back. */
async function exchange(bytes: Buffer, ends: readonly number[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const answer = socket.setEncoding('utf8').toArray();
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    await new Promise((sent) => socket.write(bytes.subarray(from, end), sent));
    await soon();
    from = end;
  }
  return (await answer).join('');
}

const recorded = recordedRequests().filter(({ name }) => name.startsWith('pod-update-web-errimagepull'));

function request(framing: 'length' | 'chunked'): Buffer {
  const [one] = recorded;
  assert.ok(one !== undefined);
  const body = Buffer.from(JSON.stringify(one.body));
  const headers = Object.entries(one.headers).filter(([name]) => !/^(content-length|host|connection)$/i.test(name));
  const framed =
    framing === 'length'
      ? { header: `Content-Length: ${body.length}`, parts: [body] }
      : {
          header: 'Transfer-Encoding: chunked',
          parts: [body.subarray(0, 7), body.subarray(7)].flatMap((part) => [
            `${part.length.toString(16)}\r\n`,
            part,
            '\r\n',
          ]),
        };
  const head = [
    'POST / HTTP/1.1',
    'Host: x',
    'Connection: close',
    framed.header,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  const end = framing === 'length' ? [] : ['0\r\n\r\n'];
  return Buffer.concat([`${head.join('\r\n')}\r\n\r\n`, ...framed.parts, ...end].map((part) => Buffer.from(part)));
}

for (const framing of ['length', 'chunked'] as const) {
  test(`a recorded request in odd pieces (${framing}) is answered as one in one piece`, async () => {
    const bytes = request(framing);
    const [one] = recorded;
    assert.ok(one !== undefined);
    const reply = await detect({ pullNamespace: 'pulls' })(recordedEvent(one));
    assert.ok(reply !== undefined);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }),
        async (ends) => {
          const answer = await exchange(
            bytes,
            ends.sort((a, b) => a - b),
          );
          assert.match(answer, /^HTTP\/1\.1 200 /);
          assert.match(answer, new RegExp(`ce-id: ${reply.id}`));
          assert.ok(answer.includes(JSON.stringify(reply.data)));
        },
      ),
      { numRuns: 40 },
    );
  });
}

test('byte by byte, through the whole head', async () => {
  const bytes = request('length');
  const head = bytes.indexOf('\r\n\r\n') + 4;
  const answer = await exchange(
    bytes,
    Array.from({ length: head }, (_, index) => index + 1),
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('two requests in one segment are answered one after the other', async () => {
  const once = request('length').toString().replace('Connection: close\r\n', '');
  const answer = await exchange(Buffer.from(once + request('length').toString()), []);
  assert.equal(answer.match(/HTTP\/1\.1 200 /g)?.length, 2);
});

test('a body that is shorter than announced, or no HTTP at all, ends that connection only', async () => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.end(request('length').subarray(0, -5));
  const cut = (await socket.setEncoding('utf8').toArray()).join('');
  assert.doesNotMatch(cut, /^HTTP\/1\.1 [23]/);
  assert.match(await exchange(Buffer.from('\0\x01\x02 no HTTP\r\n\r\n'), []), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(request('chunked'), []), /^HTTP\/1\.1 200 /);
});
