import { BlockList, isIP } from 'node:net';

/** Where an address lies, seen from a node. `special`: unspecified, multicast and reserved ones. */
export type Place = 'public' | 'loopback' | 'link-local' | 'private' | 'special';

type Nets = readonly (readonly [net: string, bits: number])[];

/** RFC 6890 and its successors; 100.64.0.0/10 is what carriers and cloud providers use inside (RFC 6598). */
const places: readonly { place: Place; ipv4: Nets; ipv6: Nets }[] = [
  { place: 'loopback', ipv4: [['127.0.0.0', 8]], ipv6: [['::1', 128]] },
  { place: 'link-local', ipv4: [['169.254.0.0', 16]], ipv6: [['fe80::', 10]] },
  {
    place: 'private',
    ipv4: [
      ['10.0.0.0', 8],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      ['100.64.0.0', 10],
      ['198.18.0.0', 15],
    ],
    ipv6: [
      ['fc00::', 7],
      ['fec0::', 10],
    ],
  },
  {
    place: 'special',
    ipv4: [
      ['0.0.0.0', 8],
      ['192.0.0.0', 24],
      ['224.0.0.0', 3],
    ],
    ipv6: [
      ['::', 128],
      ['ff00::', 8],
    ],
  },
];

/** IPv6 addresses that carry an IPv4 address as their last 32 bits: mapped, and translated (NAT64). */
const carriers = ['::ffff:', '64:ff9b::'];

const lists = places.map(({ place, ipv4, ipv6 }) => {
  const list = new BlockList();
  for (const [net, bits] of ipv4) {
    list.addSubnet(net, bits, 'ipv4');
    for (const carrier of carriers) list.addSubnet(`${carrier}${net}`, 96 + bits, 'ipv6');
  }
  for (const [net, bits] of ipv6) list.addSubnet(net, bits, 'ipv6');
  return { place, list };
});

/** Where an IP address lies; what is none lies nowhere that may be asked. */
export function placeOf(address: string): Place {
  const plain = address.split('%')[0] ?? ''; // fe80::1%eth0
  const family = isIP(plain);
  if (family === 0) return 'special';
  return lists.find(({ list }) => list.check(plain, family === 4 ? 'ipv4' : 'ipv6'))?.place ?? 'public';
}

/**
 * The IP address that a host of a reference or URL is, however it is spelled: `0x7f.1`, `2130706433`, `[::1]`.
 * Undefined where it is a name.
 */
export function addressIn(host: string): string | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined;
  const { hostname } = new URL(`http://${host}`);
  const plain = hostname.replace(/^\[|\]$/g, '');
  return isIP(plain) === 0 ? undefined : plain;
}
