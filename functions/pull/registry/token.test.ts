import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { type Place, placeOf } from '../../../shared/images/place.ts';
import { answers, aTask, type Serve, smallMirror } from '../../../test/small-mirror.ts';
import { type Content, mirroredContent } from './content.ts';

const challenged =
  (challenge: (self: string) => string, given: string): Serve =>
  (request, response) => {
    if (request.url?.startsWith('/token')) return void response.end(JSON.stringify({ token: 'abc' }));
    if (request.headers.authorization === given) return void response.end('{}');
    response.writeHead(401, { 'www-authenticate': challenge(request.headers.host ?? '') }).end();
  };

async function resolved(
  serve: Serve,
): Promise<{ content: Content; requests: { url: string; headers: IncomingHttpHeaders }[] }> {
  const mirror = await smallMirror(serve);
  const content = mirroredContent(aTask([mirror.address]));
  await content.resolve().catch(() => undefined);
  return { content, requests: mirror.requests };
}

for (const [what, challenge] of [
  ['as the registry writes it', (self) => `Bearer realm="http://${self}/token",service="s",scope="repository:x:pull"`],
  [
    'in capitals, with spaces',
    (self) => `BEARER  realm = "http://${self}/token", service = "s", scope="repository:x:pull"`,
  ],
  [
    'after another',
    (self) => `Basic realm="no", Bearer realm="http://${self}/token",service="s",scope="repository:x:pull"`,
  ],
  [
    'before another',
    (self) => `Bearer realm="http://${self}/token",service="s",scope="repository:x:pull", Basic realm="no"`,
  ],
  ['without quotes', (self) => `Bearer realm="http://${self}/token",service=s,scope=repository:x:pull`],
  ['with a user name in it', (self) => `Bearer realm="http://u:p@${self}/token",service="s",scope="repository:x:pull"`],
] as const satisfies [string, (self: string) => string][]) {
  test(`a challenge ${what} is answered, anonymously`, async () => {
    const { content, requests } = await resolved(challenged(challenge, 'Bearer abc'));
    assert.equal(content.answers()[0]?.outcome, 'has it', JSON.stringify(content.answers()));
    assert.equal(requests[1]?.url, '/token?service=s&scope=repository%3Ax%3Apull');
    assert.equal(requests[1]?.headers.authorization, undefined);
  });
}

test('neither the token server nor another host gets the token', async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await smallMirror((request, response) => {
    seen.push(request.headers.authorization);
    if (request.url?.startsWith('/token')) response.end(JSON.stringify({ access_token: 'abc' }));
    else response.end('{}');
  });
  const mirror = await smallMirror((request, response) => {
    if (request.headers.authorization === 'Bearer abc')
      return void response.writeHead(307, { location: `http://${elsewhere.address}/` }).end();
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${elsewhere.address}/token"` }).end();
  });
  const content = mirroredContent(aTask([mirror.address]));
  await content.resolve();
  await assert.rejects(content.manifest(`sha256:${'0'.repeat(64)}`)); // with the token from the beginning
  assert.deepEqual(seen, [undefined, undefined, undefined]);
});

for (const [what, challenge, why] of [
  ['asks for a password', 'Basic realm="x"', /401 Unauthorized: it wants credentials \(Basic\)/],
  ['does not say what it wants', '', /401 Unauthorized: it wants credentials$/],
  ['names no realm', 'Bearer service="s"', /wants credentials \(Bearer\)/],
  ['names a realm that is no address', 'Bearer realm="token"', /wants credentials \(Bearer\)/],
  ['has a realm that it cannot have', 'Bearer realm="ftp://x/token"', /not https/],
] as const) {
  test(`a mirror that ${what}: told`, async () => {
    const { content } = await resolved(answers(401, '', challenge ? { 'www-authenticate': challenge } : {}));
    assert.match(content.answers()[0]?.answer ?? '', why);
  });
}

for (const [what, serve, why, outcome] of [
  ['refuses', answers(403, 'go away'), /answered 403 Forbidden: go away/, 'denied'],
  ['throttles', answers(429, '', { 'retry-after': '5' }), /answered 429 .*asks to wait 5 s/, 'throttled'],
  ['is down', answers(502), /answered 502/, 'down'],
  ['talks nonsense', answers(200, '<html>'), /did not give a token/, 'wrong'],
  ['gives what is no token', answers(200, '{"token":"a\\r\\nx-evil: 1"}'), /did not give a token/, 'wrong'],
  [
    'never ends',
    (_, response) => void response.write('{"token":"'.padEnd(200_000, 'a')),
    /did not give a token/,
    'wrong',
  ],
] as const satisfies [string, Serve, RegExp, string][]) {
  test(`a token server that ${what}: told`, async () => {
    const server = await smallMirror(serve);
    const { content } = await resolved(
      answers(401, '', { 'www-authenticate': `Bearer realm="http://${server.address}/token"` }),
    );
    const [answer] = content.answers();
    assert.match(answer?.answer ?? '', why);
    assert.equal(answer?.outcome, outcome);
  });
}

test('a realm on loopback is not asked where the mirror is elsewhere', async () => {
  const local = await smallMirror(answers(200, JSON.stringify({ token: 'abc' })));
  const port = local.address.split(':')[1];
  for (const realm of [`http://127.0.0.2:${port}/`, `http://2130706434:${port}/`, `http://local.example:${port}/`]) {
    const mirror = await smallMirror(answers(401, '', { 'www-authenticate': `Bearer realm="${realm}"` }));
    const content = mirroredContent(aTask([mirror.address]), {
      resolve: async () => [{ address: '127.0.0.2', family: 4 }],
      placeOf: (address): Place => (address === '127.0.0.1' ? 'public' : placeOf(address)),
    });
    await assert.rejects(content.resolve());
    assert.match(content.answers()[0]?.answer ?? '', /is at a loopback address, and the mirror itself is not/);
  }
  assert.deepEqual(local.requests, []);
});
