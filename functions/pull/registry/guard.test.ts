import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { placeOf } from '../../../shared/images/place.ts';
import { addressGuard, type Guard } from './guard.ts';

/** A guard whose names resolve to these addresses. */
function guard(mirror: { protocol?: string; at: string }, addresses: string[] = []): Guard {
  const resolve = async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const made = addressGuard(mirror.protocol ?? 'https:', { resolve, placeOf });
  made.mirrorIsAt(mirror.at);
  return made;
}

const publicMirror = { at: '93.184.216.34' };

for (const [mirror, url, expected] of [
  [publicMirror, 'https://cdn.example/x', undefined],
  [publicMirror, 'http://cdn.example/x', /not https/],
  [publicMirror, 'ftp://cdn.example/x', /not https/],
  [publicMirror, 'file:///etc/passwd', /not https/],
  [{ ...publicMirror, protocol: 'http:' }, 'http://cdn.example/x', undefined],
  [{ ...publicMirror, protocol: 'http:' }, 'https://cdn.example/x', undefined],
  [publicMirror, 'https://127.0.0.1/', /loopback/],
  [publicMirror, 'https://0x7f.1/', /loopback/],
  [publicMirror, 'https://2130706433:8443/', /loopback/],
  [publicMirror, 'https://[::1]/', /loopback/],
  [publicMirror, 'https://[::ffff:127.0.0.1]/', /loopback/],
  [publicMirror, 'https://[64:ff9b::10.0.0.1]/', /private/],
  [publicMirror, 'https://169.254.169.254/latest/meta-data', /link-local/],
  [publicMirror, 'https://[fe80::1]/', /link-local/],
  [publicMirror, 'https://10.96.0.1/', /private/],
  [publicMirror, 'https://100.64.0.1/', /private/],
  [publicMirror, 'https://[fd00::1]/', /private/],
  [publicMirror, 'https://0.0.0.0/', /special/],
  [publicMirror, 'https://224.0.0.1/', /special/],
  [publicMirror, 'https://8.8.8.8/', undefined],
  [{ at: '10.1.2.3' }, 'https://10.9.9.9/', undefined],
  [{ at: '::ffff:10.1.2.3' }, 'https://192.168.1.1/', undefined],
  [{ at: '10.1.2.3' }, 'https://127.0.0.1/', /loopback/],
  [{ at: '10.1.2.3' }, 'https://169.254.169.254/', /link-local/],
  [{ at: '127.0.0.1' }, 'https://[::1]/', undefined],
  [{ at: '127.0.0.1' }, 'https://10.1.2.3/', /private/],
] as const) {
  test(`a mirror at ${mirror.at} sends us to ${url}`, () => {
    const objection = guard(mirror).objection(new URL(url));
    if (expected === undefined) assert.equal(objection, undefined);
    else assert.match(objection ?? '', expected);
  });
}

/** What a connection is given for a name. */
function lookedUp(made: Guard, guarded: boolean, all = true): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) =>
    made.lookup(guarded)('name.example', { all }, (error, found) => (error ? reject(error) : resolve(found))),
  );
}

test('of a name that means several places, only those remain that may be asked', async () => {
  const mixed = guard(publicMirror, ['127.0.0.1', '10.0.0.1', '93.184.216.34', '::1', '2606:4700::1']);
  assert.deepEqual(await lookedUp(mixed, true), [
    { address: '93.184.216.34', family: 4 },
    { address: '2606:4700::1', family: 6 },
  ]);
  assert.equal(await lookedUp(mixed, true, false), '93.184.216.34');
});

test('a name of a place that may not be asked is refused at the moment of connecting', async () => {
  await assert.rejects(lookedUp(guard(publicMirror, ['127.0.0.1']), true), /name\.example, which is at a loopback/);
  await assert.rejects(lookedUp(guard(publicMirror, ['::ffff:10.0.0.1']), true), /private/);
  await assert.rejects(lookedUp(guard(publicMirror, []), true), /no address/);
});

test('the mirror itself may be anywhere', async () => {
  assert.deepEqual(await lookedUp(guard(publicMirror, ['10.0.0.1']), false), [{ address: '10.0.0.1', family: 4 }]);
});

test('where the mirror is, its first answer decides: its name may mean another place later', () => {
  const made = guard(publicMirror);
  made.mirrorIsAt('127.0.0.1');
  assert.match(made.objection(new URL('https://127.0.0.1/')) ?? '', /loopback/);
});

test('before it has answered, a mirror is nowhere', () => {
  const made = addressGuard('https:', { resolve: async () => [], placeOf });
  assert.match(made.objection(new URL('https://127.0.0.1/')) ?? '', /loopback/);
});
