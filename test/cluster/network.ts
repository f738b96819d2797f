import { networkInterfaces } from 'node:os';
import { run, succeeds } from './run.ts';

/**
 * All addresses of a test cluster lie in one 10.x.0.0/16, another one for each that runs at once, and on bridges of its own,
 * which only root of this machine has.
 */
export function networkOf(slot: number) {
  const first = `10.${99 - slot}`;
  return {
    prefix: `${first}.`,
    all: `${first}.0.0/16`,
    nodeBridge: `irtest${slot}`,
    nodeAddress: `${first}.0.1`,
    podBridge: `irtestpods${slot}`,
    podRange: `${first}.1.0/24`,
    podGateway: `${first}.1.1`,
    serviceRange: `${first}.2.0/24`,
    /** The address of the service "kubernetes", which pods are told by environment. */
    apiService: `${first}.2.1`,
    /** Nobody answers there: without one every pod gets a Warning Event. */
    dnsService: `${first}.2.10`,
  } as const;
}

export type Network = ReturnType<typeof networkOf>;

/**
 * Makes the bridge with the node's address (the kubelet takes no loopback address) and the API service's.
 * Throws when another interface already has an address of the range.
 */
export async function makeNetwork(network: Network): Promise<void> {
  await removeNetwork(network);
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const taken = addresses?.find((a) => a.address.startsWith(network.prefix));
    if (taken !== undefined) throw new Error(`a test cluster needs ${network.all}, but ${name} has ${taken.address}`);
  }
  await makeBridge(network.nodeBridge, [network.nodeAddress, network.apiService]);
  await makeBridge(network.podBridge, [network.podGateway]);
}

async function makeBridge(name: string, addresses: string[]): Promise<void> {
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  for (const address of addresses) await run('ip', ['address', 'add', `${address}/24`, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
}

/** Removes the bridges, also those of a run that crashed. */
export async function removeNetwork(network: Network): Promise<void> {
  for (const bridge of [network.nodeBridge, network.podBridge]) await succeeds('ip', ['link', 'delete', bridge]);
}

/**
 * The configuration of the pods' network: a bridge, and no route but to the cluster's own addresses, so that no pod
 * reaches the outside. The bridge is not the plugin's gateway: as one, the plugin would turn on the machine's forwarding.
 */
export function cniConfiguration(network: Network, stateFolder: string): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: `image-rescue-test-${network.podBridge}`,
    plugins: [
      {
        type: 'bridge',
        bridge: network.podBridge,
        isGateway: false,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: stateFolder,
          ranges: [[{ subnet: network.podRange, gateway: network.podGateway }]],
          routes: [{ dst: network.all, gw: network.podGateway }],
        },
      },
    ],
  });
}
