import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressIn, type Place, placeOf } from './place.ts';

const table: [Place, string[]][] = [
  ['public', ['8.8.8.8', '100.128.0.1', '172.32.0.1', '2606:4700::1', '::ffff:8.8.8.8', '64:ff9b::808:808']],
  ['loopback', ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1']],
  ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.1.1']],
  ['private', ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '100.127.0.1', 'fd00::1', '::ffff:10.0.0.1']],
  ['special', ['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1', 'no address']],
];
for (const [place, addresses] of table) {
  for (const address of addresses) test(`${address} is ${place}`, () => assert.equal(placeOf(address), place));
}

test('an IPv4 address lies where it lies, also inside an IPv6 address', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      for (const carrier of ['::ffff:', '64:ff9b::']) assert.equal(placeOf(`${carrier}${address}`), placeOf(address));
    }),
  );
});

test('an address is found in every spelling', () => {
  for (const host of ['127.0.0.1', '127.1:5000', '0x7f.0.0.1', '0177.0.0.1', '2130706433:80', '0x7f000001'])
    assert.equal(addressIn(host), '127.0.0.1', host);
  assert.equal(addressIn('[::1]:5000'), '::1');
  for (const host of ['m.example', '127.example', '1.2.3.4.5', 'a b']) assert.equal(addressIn(host), undefined, host);
});
