import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { addressIn, type Place, placeOf } from '../../../shared/images/place.ts';
import { MirrorRefusal } from './refusal.ts';

/** What connections need of the network. */
export interface Network {
  resolve(hostname: string): Promise<LookupAddress[]>;
  placeOf(address: string): Place;
}

export const thisNetwork: Network = { resolve: (hostname) => lookup(hostname, { all: true }), placeOf };

/** Decides where a mirror may send us: to public places, and to where it is itself. */
export interface Guard {
  /** The mirror has answered from this address; the first answer counts, since a name may mean another place later. */
  mirrorIsAt(address: string): void;
  /** Why a URL that the mirror named may not be asked, from its spelling alone. */
  objection(url: URL): string | undefined;
  /** Resolves names for connections. Guarded, it leaves out every address that may not be asked: no name is looked up twice. */
  lookup(guarded: boolean): LookupFunction;
}

export function addressGuard(mirrorProtocol: string, network: Network): Guard {
  let mirrorPlace: Place | undefined;
  const objectionTo = (address: string) => {
    const place = network.placeOf(address);
    return place === 'public' || place === mirrorPlace
      ? undefined
      : `is at a ${place} address, and the mirror itself is not`;
  };
  return {
    mirrorIsAt(address) {
      mirrorPlace ??= network.placeOf(address);
    },
    objection(url) {
      if (url.protocol !== 'https:' && !(mirrorProtocol === 'http:' && url.protocol === 'http:')) return 'is not https';
      const address = addressIn(url.host);
      return address === undefined ? undefined : objectionTo(address);
    },
    lookup: (guarded) => (hostname, options, callback) => {
      network.resolve(hostname).then(
        (all) => {
          const allowed = guarded ? all.filter(({ address }) => objectionTo(address) === undefined) : all;
          const [first] = allowed;
          if (first === undefined) {
            const why = all[0] === undefined ? 'has no address' : objectionTo(all[0].address);
            callback(new MirrorRefusal(`sends us to ${hostname}, which ${why}`, 'wrong'), []);
          } else if (options.all) callback(null, allowed);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
    },
  };
}
