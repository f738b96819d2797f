import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import type { Task } from '../../../shared/pulls/task.ts';
import { type Content, mirroredContent, NoMirror } from './content.ts';

const blob = randomBytes(300_000);
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const digest = digestOf(blob);
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2 }));

const servers: http.Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

type Serve = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A mirror on loopback. Returns its address. */
async function mirror(serve: Serve): Promise<string> {
  const server = http.createServer(serve);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const has: Serve = (request, response) => {
  const body = request.url?.includes('/manifests/') ? manifest : blob;
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const ranged = start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length - start, ...ranged });
  response.end(body.subarray(start));
};
/** Sends so many bytes and breaks off. */
const breaks =
  (after: number): Serve =>
  (request, response) => {
    if (request.headers.range !== undefined) return has(request, response);
    response.writeHead(200, { 'content-length': blob.length });
    response.write(blob.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
  };
const knowsNoRanges: Serve = (_, response) => {
  response.writeHead(200, { 'content-length': blob.length });
  response.end(blob);
};
const answers =
  (status: number, body: string): Serve =>
  (_, response) =>
    void response.writeHead(status).end(body);

function content(...hosts: string[]): Content {
  const mirrors = hosts.map((host) => ({ scheme: 'http' as const, host, repository: 'x' }));
  const task: Task = {
    image: 'r.example/x:1',
    registry: 'r.example',
    repository: 'x',
    reference: '1',
    mirrors,
    socket: '',
    routeHold: 0,
    deadline: 1,
  };
  return mirroredContent(task);
}

async function fetched(from: Content, start = 0): Promise<Buffer> {
  return buffer((await from.blob(digest, start)).bytes);
}

test('the first mirror that has it serves; what the others said is kept', async () => {
  const [no, denied, yes] = [
    await mirror(answers(404, JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }))),
    await mirror(answers(403, 'not on the allow-list\u001b[31m\u202e\nsecond line')),
    await mirror(has),
  ];
  const found = content(no, denied, yes);
  assert.equal((await found.resolve()).mirror, yes);
  assert.deepEqual(found.answers(), [
    { mirror: no, answer: '404 Not Found: MANIFEST_UNKNOWN manifest unknown' },
    { mirror: denied, answer: '403 Forbidden: not on the allow-list' },
    { mirror: yes, answer: 'has it' },
  ]);
});

test('no mirror has it', async () => {
  const gone = await mirror(has);
  servers.at(-1)?.close();
  servers.at(-1)?.closeAllConnections();
  const found = content(await mirror(answers(429, '')), gone);
  await assert.rejects(found.resolve(), NoMirror);
  assert.match(found.answers()[0]?.answer ?? '', /^429 Too Many Requests/);
  assert.match(found.answers()[1]?.answer ?? '', /ECONNREFUSED|refused|closed|reset/i);
});

test('a blob that breaks off is resumed where it broke, at the same mirror or the next', async () => {
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000))))), digest);
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000)), await mirror(has)))), digest);
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000)), await mirror(knowsNoRanges)))), digest);
});

test('from the middle, also where a mirror knows no ranges', async () => {
  for (const serve of [has, knowsNoRanges]) {
    assert.deepEqual(await fetched(content(await mirror(serve)), 1000), blob.subarray(1000));
  }
});

test('a mirror that always breaks off is given up', async () => {
  const always: Serve = (_, response) => {
    response.writeHead(200, { 'content-length': blob.length });
    response.write(blob.subarray(0, 10), () => response.destroy());
  };
  await assert.rejects(fetched(content(await mirror(always))));
});

test('other bytes than the digest says are refused', async () => {
  const lie = Buffer.from(blob);
  lie[5] = (lie[5] ?? 0) ^ 1;
  const found = content(
    await mirror((_, response) => void response.writeHead(200, { 'content-length': lie.length }).end(lie)),
  );
  await assert.rejects(fetched(found), /other bytes than its digest says/);
  await assert.rejects(found.manifest(digest), NoMirror);
  assert.match(found.answers()[0]?.answer ?? '', /other bytes than its digest says/);
});

test('a mirror that wants a token gets one, anonymously', async () => {
  let asked = '';
  const address: string = await mirror((request, response) => {
    if (request.url?.startsWith('/token')) {
      asked = request.url;
      return void response.end(JSON.stringify({ token: 'abc' }));
    }
    if (request.headers.authorization === 'Bearer abc') return has(request, response);
    response.writeHead(401, {
      'www-authenticate': `Bearer realm="http://${address}/token",service="s",scope="repository:x:pull"`,
    });
    response.end();
  });
  assert.equal((await content(address).resolve()).digest, digestOf(manifest));
  assert.equal(asked, '/token?service=s&scope=repository%3Ax%3Apull');
});

test('a mirror that wants credentials says so', async () => {
  const found = content(
    await mirror((_, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()),
  );
  await assert.rejects(found.resolve(), NoMirror);
  assert.match(found.answers()[0]?.answer ?? '', /wants credentials/);
});

test('an endless manifest is cut off', async () => {
  const found = content(
    await mirror((_, response) => {
      const more = () => response.write(Buffer.alloc(1 << 20), () => !response.destroyed && more());
      more();
    }),
  );
  await assert.rejects(found.resolve(), NoMirror);
  assert.match(found.answers()[0]?.answer ?? '', /larger than/);
});

test('a byte more than was said is never passed on: it would be read as the beginning of the next answer', async () => {
  const smuggled = Buffer.concat([blob.subarray(0, 5), Buffer.from('HTTP/1.1 401 Unauthorized\r\n\r\n')]);
  for (const status of [200, 206]) {
    const found = content(
      await mirror((_, response) => {
        response.writeHead(status, { 'content-range': 'bytes 0-4/5', 'transfer-encoding': 'chunked' });
        response.end(smuggled);
      }),
    );
    let came = 0;
    await assert.rejects(async () => {
      for await (const chunk of (await found.blob(digest, 0)).bytes) came += chunk.length;
    });
    assert.ok(came <= 5, `${came} bytes`);
  }
});

test('an encoded layer is refused: it is not what was counted', async () => {
  const encoded: Serve = (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 20 });
    response.end(Buffer.alloc(20));
  };
  await assert.rejects(fetched(content(await mirror(encoded))), NoMirror);
});

test('a mirror that sends an error byte by byte does not keep the next one waiting for ever', async () => {
  const trickles: Serve = (_, response) => {
    response.writeHead(404);
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => clearInterval(timer));
  };
  const yes = await mirror(has);
  assert.equal((await content(await mirror(trickles), yes).resolve()).mirror, yes);
});
