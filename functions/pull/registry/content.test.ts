import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { answers, aTask, type Serve, smallMirror } from '../../../test/small-mirror.ts';
import { type Content, mirroredContent, NoMirror } from './content.ts';

const blob = randomBytes(300_000);
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const digest = digestOf(blob);
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2 }));

/** A mirror on loopback. Returns its address. */
async function mirror(serve: Serve): Promise<string> {
  return (await smallMirror(serve)).address;
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

const content = (...hosts: string[]): Content => mirroredContent(aTask(hosts));

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
    { mirror: no, answer: '404 Not Found: MANIFEST_UNKNOWN manifest unknown', outcome: 'not there' },
    { mirror: denied, answer: '403 Forbidden: not on the allow-list', outcome: 'denied' },
    { mirror: yes, answer: 'has it', outcome: 'has it' },
  ]);
});

test('no mirror has it', async () => {
  const gone = await smallMirror(has);
  gone.close();
  const found = content(await mirror(answers(429, '')), gone.address);
  await assert.rejects(found.resolve(), NoMirror);
  assert.match(found.answers()[0]?.answer ?? '', /^429 Too Many Requests/);
  assert.match(found.answers()[1]?.answer ?? '', /ECONNREFUSED|refused|closed|reset/i);
});

for (const [what, serve, answer, outcome, retryAfter] of [
  ['has nothing', answers(404), '404 Not Found', 'not there', undefined],
  ['has an allow-list', answers(403, 'not allowed\nmore'), '403 Forbidden: not allowed', 'denied', undefined],
  ['throttles', answers(429, '', { 'retry-after': '7' }), '429 Too Many Requests, asks to wait 7 s', 'throttled', 7],
  [
    'throttles without measure',
    answers(429, 'slow down', { 'retry-after': '99999999' }),
    '429 Too Many Requests, asks to wait 86400 s: slow down',
    'throttled',
    86_400,
  ],
  [
    'throttles as crproxy does',
    answers(429, '', { 'x-retry-after': '3' }),
    '429 Too Many Requests, asks to wait 3 s',
    'throttled',
    3,
  ],
  [
    'throttles with another status',
    answers(403, JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'pull limit' }] })),
    '403 Forbidden: TOOMANYREQUESTS pull limit',
    'throttled',
    undefined,
  ],
  [
    'is down',
    answers(503, 'back soon', { 'retry-after': '60' }),
    '503 Service Unavailable, asks to wait 60 s: back soon',
    'down',
    60,
  ],
  [
    'says odd things',
    answers(200, '{', { 'content-encoding': 'gzip' }),
    'sent a manifest in an encoding that was not asked for',
    'wrong',
    undefined,
  ],
  ['knows other statuses', answers(599, JSON.stringify({ errors: [] })), '599: {"errors":[]}', 'down', undefined],
  ['says nothing of use', answers(400, 'null'), '400 Bad Request: null', 'denied', undefined],
] as const satisfies [string, Serve, string, string, number | undefined][]) {
  test(`a mirror that ${what} is told, and the next one is asked`, async () => {
    const [first, second] = [await mirror(serve), await mirror(has)];
    const found = content(first, second);
    assert.equal((await found.resolve()).mirror, second);
    const told = retryAfter === undefined ? {} : { retryAfter };
    assert.deepEqual(found.answers()[0], { mirror: first, answer, outcome, ...told });
  });
}

test('a refusal of 2 MB with escape sequences: its first line, cleaned and cut', async () => {
  const long = `\u001b[31m\u001b]0;owned\u0007 not on the allow-list ${'x'.repeat(2_000_000)}\nsecond`;
  const found = content(await mirror(answers(403, long)));
  await assert.rejects(found.resolve(), NoMirror);
  const answer = found.answers()[0]?.answer ?? '';
  assert.match(answer, /^403 Forbidden: .*not on the allow-list x+/);
  assert.doesNotMatch(answer, /\p{Cc}|second/u);
  assert.ok(answer.length < 400);
});

test('two mirrors on one host keep their own answers', async () => {
  const host = await mirror((request, response) => {
    if (request.url?.startsWith('/v2/a/')) answers(404)(request, response);
    else has(request, response);
  });
  const address = (repository: string) => ({ scheme: 'http' as const, host, repository });
  const found = mirroredContent(aTask([], { mirrors: [address('a'), address('b')] }));
  await found.resolve();
  assert.deepEqual(
    found.answers().map(({ outcome }) => outcome),
    ['not there', 'has it'],
  );
});

const says =
  (body: string): Serve =>
  (_, response) =>
    void response.end(body);
const quorum = (...hosts: string[]) => mirroredContent(aTask(hosts, { verifyDigest: 'quorum' }));

test('quorum: two mirrors that agree decide, and one that differs is overruled', async () => {
  const hosts = [
    await mirror(says('{"a":1}')),
    await mirror(says('{}')),
    await mirror(answers(404)),
    await mirror(says('{}')),
  ];
  const found = await quorum(...hosts).resolve();
  assert.equal(found.digest, digestOf(Buffer.from('{}')));
  assert.equal(found.mirror, hosts[1]);
});

test('quorum: whoever is not needed any more is not asked', async () => {
  const third = await smallMirror(says('{}'));
  await quorum(await mirror(says('{}')), await mirror(says('{}')), third.address).resolve();
  assert.deepEqual(third.requests, []);
});

test('quorum: mirrors that differ are refused with what each says', async () => {
  const hosts = [await mirror(says('{"a":1}')), await mirror(says('{}'))];
  await assert.rejects(quorum(...hosts).resolve(), (error: Error) => {
    for (const part of [...hosts, digestOf(Buffer.from('{"a":1}')), digestOf(Buffer.from('{}')), 'VERIFY_DIGEST'])
      assert.ok(error.message.includes(part), `${part} in ${error.message}`);
    return error instanceof NoMirror;
  });
});

test('quorum: what another node runs as something else is refused, though two mirrors agree', async () => {
  const hosts = [await mirror(says('{}')), await mirror(says('{}'))];
  const elsewhere = [{ node: 'n2', digest: digestOf(Buffer.from('other')) }];
  const task = aTask(hosts, { verifyDigest: 'quorum', elsewhere });
  await assert.rejects(mirroredContent(task).resolve(), /another node runs it as something else than/);
});

test('quorum: one mirror has one voice, whatever it is called', async () => {
  const one = await mirror(says('{}'));
  await assert.rejects(quorum(one, one).resolve(), /only one mirror served/);
});

test('quorum: a digest needs no vote', async () => {
  const task = aTask([await mirror(says('{}'))], { verifyDigest: 'quorum', reference: digestOf(Buffer.from('{}')) });
  assert.equal((await mirroredContent(task).resolve()).digest, task.reference);
});

test('layers that lie elsewhere come from there, also from the middle', async () => {
  const store = await smallMirror(breaks(100_000));
  const redirects = await mirror((_, response) =>
    response.writeHead(307, { location: `http://${store.address}/bucket?signature=x` }).end(),
  );
  assert.equal(digestOf(await fetched(content(redirects))), digest);
  assert.deepEqual(
    store.requests.map(({ headers }) => headers.range),
    [undefined, 'bytes=100000-'],
  );
});

test('a layer that nobody reads, or not to its end, does not hold its connection', { timeout: 30_000 }, async () => {
  for (const leave of ['unread', 'half read']) {
    const ended = Promise.withResolvers<void>();
    const found = content(
      await mirror((_, response) => {
        response.once('close', ended.resolve);
        response.writeHead(200, { 'content-length': 1 << 30 });
        response.write(Buffer.alloc(1 << 20));
      }),
    );
    const open = await found.blob(digest, 0);
    if (leave === 'unread') open.close();
    else for await (const _ of open.bytes) break;
    await ended.promise;
  }
});

test('a blob that breaks off is resumed where it broke, at the same mirror or the next', async () => {
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000))))), digest);
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000)), await mirror(has)))), digest);
  assert.equal(digestOf(await fetched(content(await mirror(breaks(100_000)), await mirror(knowsNoRanges)))), digest);
});

test('a connection that breaks before anything came is made once more', async () => {
  let asked = 0;
  const address = await mirror((request, response) => {
    asked += 1;
    if (asked === 1) response.destroy();
    else has(request, response);
  });
  assert.equal(digestOf(await fetched(content(address))), digest);
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

test('every digest is checked by its own algorithm', async () => {
  for (const algorithm of ['sha256', 'sha384', 'sha512']) {
    const named = (bytes: Buffer) => `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
    const found = content(await mirror(has));
    assert.equal((await found.manifest(named(manifest))).digest, named(manifest));
    assert.deepEqual(await buffer((await found.blob(named(blob), 0)).bytes), blob);
    const lie = named(Buffer.from('lie'));
    await assert.rejects(found.manifest(lie), NoMirror);
    await assert.rejects(buffer((await found.blob(lie, 0)).bytes), /other bytes than its digest says/);
  }
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
