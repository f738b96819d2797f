import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import tls from 'node:tls';
import { type Place, placeOf } from '../../../shared/images/place.ts';
import { answers, smallMirror } from '../../../test/small-mirror.ts';
import { makeIdentity } from './certificate.ts';
import { type Answer, connectMirror } from './connection.ts';
import type { Network } from './guard.ts';

const signal = new AbortController().signal;
const credentials = { authorization: 'Bearer secret' };
const at = (address: string, network?: Network) => connectMirror(new URL(`http://${address}`), network);
const moved = (location: string, status = 302) => answers(status, 'moved', { location });

/** Takes this machine's 127.0.0.1 for a public address; 127.0.0.2 is what it is. Every name means what `names` says. */
function outside(names: Record<string, string> = {}): Network {
  return {
    resolve: async (hostname) => [{ address: names[hostname] ?? '127.0.0.1', family: 4 }],
    placeOf: (address): Place => (address === '127.0.0.1' ? 'public' : placeOf(address)),
  };
}

const body = async (answer: Promise<Answer>) => text((await answer).response);

test('redirects are followed, three at most, whatever their status', async () => {
  const end = await smallMirror(answers(200, 'the end'));
  let next = `http://${end.address}/`;
  for (const status of [301, 307, 308]) next = `http://${(await smallMirror(moved(next, status))).address}/`;
  assert.equal(await body(at(next.slice(7, -1)).ask('/v2/', {}, signal)), 'the end');
  const oneMore = await smallMirror(moved(next, 303));
  await assert.rejects(at(oneMore.address).ask('/v2/', {}, signal), /redirects more than 3 times/);
});

test('a redirect in a circle ends', async () => {
  const circle = await smallMirror((_, response) => response.writeHead(302, { location: '/again' }).end());
  await assert.rejects(at(circle.address).ask('/v2/', {}, signal), /more than 3 times/);
  assert.equal(circle.requests.length, 4);
});

test('ranges go along with a redirect, credentials do not leave the mirror', async () => {
  const other = await smallMirror(answers(200, 'blob'));
  const mirror = await smallMirror((request, response) => {
    const location = request.url === '/v2/' ? '/same' : `http://user:pass@${other.address}/blob`;
    response.writeHead(307, { location }).end();
  });
  await body(at(mirror.address).ask('/v2/', { ...credentials, range: 'bytes=5-' }, signal));
  const [first, second] = mirror.requests;
  assert.equal(first?.headers.authorization, 'Bearer secret');
  assert.equal(second?.headers.authorization, 'Bearer secret', 'its own host');
  assert.equal(other.requests[0]?.headers.authorization, undefined);
  assert.equal(other.requests[0]?.headers.range, 'bytes=5-');
});

test('another port is another host', async () => {
  const other = await smallMirror(answers(200));
  const back = await smallMirror(moved(`http://${other.address}/`));
  await body(at(back.address).ask('/v2/', credentials, signal));
  assert.equal(other.requests[0]?.headers.authorization, undefined);
});

for (const [what, location, why] of [
  ['an address of another place', 'http://127.0.0.2:PORT/', /127\.0\.0\.2:\d+, which is at a loopback address/],
  ['another spelling of it', 'http://0x7f.2:PORT/', /loopback/],
  ['an IPv4 address inside an IPv6 one', 'http://[::ffff:127.0.0.2]:PORT/', /loopback/],
  ['a name of it', 'http://inside.example:PORT/', /inside\.example, which is at a loopback address/],
  ['the metadata service', 'http://169.254.169.254/latest/', /link-local/],
  ['another scheme', 'file:///etc/passwd', /not https/],
  ['nothing', 'http://[', /no address/],
] as const) {
  test(`sent to ${what}: refused before anything is sent`, async () => {
    const inside = await smallMirror(answers(200, 'secret'));
    const port = inside.address.split(':')[1] ?? '';
    const mirror = await smallMirror(moved(location.replace('PORT', port)));
    const network = outside({ 'inside.example': '127.0.0.2' });
    await assert.rejects(at(mirror.address, network).ask('/v2/', {}, signal), why);
    assert.deepEqual(inside.requests, []);
  });
}

test('a name that means another place the second time is refused then', async () => {
  const mirror = await smallMirror(moved('http://rebinds.example:1/'));
  const network = outside();
  const rebinding = { ...network, resolve: async () => [{ address: '127.0.0.2', family: 4 }] };
  await assert.rejects(
    at(mirror.address, rebinding).ask('/v2/', {}, signal),
    /rebinds\.example, which is at a loopback/,
  );
});

test('a mirror on loopback may name other places on loopback', async () => {
  const other = await smallMirror(answers(200, 'there'));
  const mirror = await smallMirror(moved(`http://localhost:${other.address.split(':')[1]}/`));
  assert.equal(await body(at(mirror.address).ask('/v2/', {}, signal)), 'there');
});

test('from TLS nothing leads to a place without', async () => {
  const identity = makeIdentity(new Date());
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), identity.certificate]);
  const plain = await smallMirror(answers(200, 'anybody'));
  const sealed = await smallMirror(answers(200, 'sealed'), identity);
  const mirror = await smallMirror((request, response) => {
    const location = request.url === '/plain' ? `http://${plain.address}/` : `https://${sealed.address}/`;
    response.writeHead(302, { location }).end();
  }, identity);
  const connection = connectMirror(new URL(`https://${mirror.address}`));
  await assert.rejects(connection.ask('/plain', {}, signal), /not https/);
  await assert.rejects(connection.askElsewhere(new URL(`http://${plain.address}/`), {}, signal), /not https/);
  assert.deepEqual(plain.requests, []);
  assert.equal(await body(connection.ask('/sealed', {}, signal)), 'sealed');
});

test('a connection is used again, also one that the other side has closed meanwhile', async () => {
  const mirror = await smallMirror(answers(200, 'x'));
  const connection = at(mirror.address);
  for (let times = 0; times < 3; times += 1) await body(connection.ask('/v2/', {}, signal));
  assert.equal(mirror.sockets.size, 1);
  for (const socket of mirror.sockets) socket.destroy();
  assert.equal(await body(connection.ask('/v2/', {}, signal)), 'x');
});

test('what a mirror sends with a redirect is not waited for', async () => {
  const end = await smallMirror(answers(200, 'end'));
  const mirror = await smallMirror((_, response) => {
    response.writeHead(302, { location: `http://${end.address}/` });
    response.write('and so on');
  });
  assert.equal(await body(at(mirror.address).ask('/v2/', {}, signal)), 'end');
});
