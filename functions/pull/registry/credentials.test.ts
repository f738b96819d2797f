import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, aTask, type Serve, smallMirror } from '../../../test/small-mirror.ts';
import { mirroredContent } from './content.ts';
import { type Keyring, readKeyring } from './credentials.ts';

const canary = 'canary/of the "secret"';
const encoded = Buffer.from(`robot:${canary}`).toString('base64');

function keyring(auths: Record<string, unknown>): Keyring {
  const read = readKeyring(JSON.stringify({ auths }));
  assert.ok(typeof read === 'function', JSON.stringify(read));
  return read;
}

for (const [key, fits, does] of [
  ['m.example', ['m.example', 'x'], true],
  ['https://m.example/v2/', ['m.example', 'x'], true],
  ['M.example:443', ['m.example', 'x'], true],
  ['m.example', ['m.example:443', 'x'], true],
  ['m.example:5000', ['m.example', 'x'], false],
  ['m.example', ['other.example', 'x'], false],
  ['m.example/proxy', ['m.example', 'proxy/library/x'], true],
  ['m.example/proxy', ['m.example', 'proxy2/x'], false],
] as const) {
  test(`an entry for ${key} ${does ? 'fits' : 'does not fit'} ${fits.join('/')}`, () => {
    assert.equal(keyring({ [key]: { auth: encoded } })(fits[0], fits[1])?.password, does ? canary : undefined);
  });
}

test('the longest path counts; username and password count before auth', () => {
  const both = keyring({
    'm.example': { auth: encoded },
    'm.example/team': { username: 'u', password: 'p', auth: encoded },
  });
  assert.equal(both('m.example', 'team/x')?.username, 'u');
  assert.equal(both('m.example', 'x')?.username, 'robot');
});

for (const [what, text] of [
  ['no JSON', `{"auths": {"m.example": {"auth": "${canary}`],
  ['no auths', JSON.stringify({ canary })],
  ['an array', '[]'],
  ['an identity token only', JSON.stringify({ auths: { 'm.example': { identitytoken: canary } } })],
  ['no colon in auth', JSON.stringify({ auths: { 'm.example': { auth: Buffer.from(canary).toString('base64') } } })],
  ['nothing', ''],
] as const) {
  test(`a Secret with ${what}: said without a word of its content`, () => {
    const read = readKeyring(text);
    assert.ok(typeof read === 'object');
    assert.ok(!read.problem.includes('canary'));
  });
}

/** What a mirror and its token server were given, and what became of it. */
async function asked(serve: Serve, ring?: (host: string) => Keyring) {
  const mirror = await smallMirror(serve);
  const content = mirroredContent(aTask([mirror.address]), undefined, ring?.(mirror.address));
  const found = await content.resolve().catch(() => undefined);
  return { found, answer: content.answers()[0]?.answer ?? '', requests: mirror.requests };
}
const forIt = (host: string) => keyring({ [host]: { username: 'robot', password: canary } });
const wantsBasic: Serve = (request, response) => {
  if (request.headers.authorization === `Basic ${encoded}`) response.end('{}');
  else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
};
const wantsToken: Serve = (request, response) => {
  const { authorization = '' } = request.headers;
  if (request.url?.startsWith('/token'))
    response.writeHead(authorization === `Basic ${encoded}` ? 200 : 401).end(JSON.stringify({ token: 'abc' }));
  else if (authorization === 'Bearer abc') response.end('{}');
  else {
    const realm = `http://${request.headers.host}/token`;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
  }
};

for (const [what, serve] of [
  ['a password', wantsBasic],
  ["a token of its server's", wantsToken],
] as const) {
  test(`a mirror that wants ${what} is given it, when it asks and not before`, async () => {
    const { found, requests } = await asked(serve, forIt);
    assert.equal(found?.credentials, true);
    assert.equal(requests[0]?.headers.authorization, undefined);
  });

  test(`without credentials for it a mirror that wants ${what} is given none`, async () => {
    for (const ring of [undefined, () => keyring({ 'other.example': { auth: encoded } })]) {
      const { found, answer, requests } = await asked(serve, ring);
      assert.equal(found, undefined);
      for (const { headers } of requests) assert.equal(headers.authorization, undefined);
      assert.equal(answer.includes('MIRROR_PULL_SECRET has no credentials for it'), ring !== undefined, answer);
    }
  });
}

test('a mirror that asks for nothing is given nothing', async () => {
  const { found, requests } = await asked(answers(200, '{}'), forIt);
  assert.equal(found?.credentials, false);
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

test('what a mirror repeats of its credentials is not told', async () => {
  for (const said of [canary, encoded, JSON.stringify({ errors: [{ code: 'DENIED', message: `not ${canary}` }] })]) {
    const { answer } = await asked((request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else response.writeHead(403).end(said);
    }, forIt);
    assert.match(answer, /^403 Forbidden.*with those of MIRROR_PULL_SECRET/);
    assert.ok(!answer.includes('canary') && !answer.includes(encoded), answer);
  }
});

test('a token server that sends us on gets the credentials, and nobody behind it does', async () => {
  const behind = await smallMirror(answers(200, JSON.stringify({ token: 'abc' })));
  const server = await smallMirror((_, response) =>
    response.writeHead(307, { location: `http://${behind.address}/` }).end(),
  );
  const challenge = `Bearer realm="http://${server.address}/token"`;
  await asked(answers(401, '', { 'www-authenticate': challenge }), forIt);
  assert.equal(server.requests[0]?.headers.authorization, `Basic ${encoded}`);
  assert.ok(behind.requests.length > 0);
  for (const { headers } of behind.requests) assert.equal(headers.authorization, undefined);
});

test('another place that a mirror sends us to cannot ask for its credentials', async () => {
  const theirs = await smallMirror(answers(200, JSON.stringify({ token: 'abc' })));
  const store = await smallMirror(challenging(`http://${theirs.address}/token`));
  const { answer } = await asked(answers(307, '', { location: `http://${store.address}/blob` }), forIt);
  assert.match(answer, /^401 Unauthorized/);
  assert.deepEqual(theirs.requests, []);
  for (const { headers } of store.requests) assert.equal(headers.authorization, undefined);
});

test('without TLS, elsewhere than on loopback, nobody is given credentials', async () => {
  const local = await smallMirror(wantsBasic);
  const port = local.address.split(':')[1];
  const host = `mirror.example:${port}`;
  const network = { resolve: async () => [{ address: '127.0.0.1', family: 4 }], placeOf: () => 'public' as const };
  for (const [asks, realm] of [
    [host, undefined],
    [local.address, `http://${host}/token`],
  ] as const) {
    const mirror = realm === undefined ? local : await smallMirror(challenging(realm));
    const at = realm === undefined ? asks : mirror.address;
    const content = mirroredContent(aTask([at]), network, forIt(at));
    await assert.rejects(content.resolve());
    assert.match(content.answers()[0]?.answer ?? '', /without TLS/);
    for (const { headers } of [...local.requests, ...mirror.requests]) assert.equal(headers.authorization, undefined);
  }
});

function challenging(realm: string): Serve {
  return answers(401, '', { 'www-authenticate': `Bearer realm="${realm}"` });
}
