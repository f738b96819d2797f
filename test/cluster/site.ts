import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { type Network, networkOf } from './network.ts';

/** What the configurations of the components share: places, ports and tokens of one cluster. */
export interface Site {
  /** All state; `path` joins to it. */
  folder: string;
  /** Which of the clusters that may run at once on this machine, from 0. */
  slot: number;
  network: Network;
  path(...parts: string[]): string;
  nodeName: string;
  runtimeSocket: string;
  /** containerd's config_path, or undefined where it has none. */
  hostConfigFolder: string | undefined;
  ports: { apiserver: number; etcd: number; etcdPeer: number; kubelet: number; mirror: number };
  /** Bearer tokens by user name; the kubelet's is `system:node:<node>`. */
  tokens: Record<string, string>;
  kubelet: Record<string, unknown>;
  outsideUrl: string;
}

/** Picks free ports and makes new tokens. */
export async function planSite(
  { folder, slot }: { folder: string; slot: number },
  options: { hostConfig: boolean; kubelet?: Record<string, unknown> },
  outsideUrl: string,
): Promise<Site> {
  const [apiserver = 0, etcd = 0, etcdPeer = 0, kubelet = 0, mirror = 0] = await freePorts(5);
  const nodeName = 'irtest-node1';
  const users = ['admin', 'system:kube-controller-manager', 'system:kube-scheduler', `system:node:${nodeName}`];
  return {
    folder,
    slot,
    network: networkOf(slot),
    path: (...parts) => join(folder, ...parts),
    nodeName,
    runtimeSocket: join(folder, 'containerd.sock'),
    hostConfigFolder: options.hostConfig ? join(folder, 'certs.d') : undefined,
    ports: { apiserver, etcd, etcdPeer, kubelet, mirror },
    tokens: Object.fromEntries(users.map((user) => [user, randomBytes(16).toString('hex')])),
    kubelet: options.kubelet ?? {},
    outsideUrl,
  };
}

/** A program of the cluster: how it is started and how one sees that it works. */
export interface Component {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Writes what the program reads. Called before each start. */
  prepare?(): Promise<void>;
  /** True when it serves; throws or returns false before. Without it, it counts as ready when it was started. */
  ready?(): Promise<boolean>;
}

/** `--name value` pairs as arguments. */
export function flags(values: Record<string, string | number | boolean>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
