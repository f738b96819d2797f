import type { Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';

/** Where things are on a node. */
export interface NodePaths {
  readonly socket: string;
  /** Absent where no route may be used. */
  readonly hostConfigFolder?: string;
}

/** The places that containerd's and k3s' own packages use; by node.status.nodeInfo.containerRuntimeVersion. */
const usual = {
  containerd: { socket: '/run/containerd/containerd.sock', hostConfigFolder: '/etc/containerd/certs.d' },
  k3s: {
    socket: '/run/k3s/containerd/containerd.sock',
    hostConfigFolder: '/var/lib/rancher/k3s/agent/etc/containerd/certs.d',
  },
};

/** Where to find the runtime of this node, or why nothing can be done there. */
export function nodePaths(
  node: Node,
  config: Pick<Config, 'runtimeSocket' | 'hostConfigFolder' | 'route'>,
): NodePaths | { refused: string } {
  if (node.system !== 'linux')
    return { refused: `node ${node.name} runs ${node.system}, and only Linux nodes can be helped` };
  if (!node.runtime.startsWith('containerd://')) {
    return {
      refused: `node ${node.name} runs ${node.runtime}, and only containerd can be given an image under another registry's name`,
    };
  }
  const found = node.runtime.includes('k3s') ? usual.k3s : usual.containerd;
  const socket = config.runtimeSocket ?? found.socket;
  return config.route === 'off'
    ? { socket }
    : { socket, hostConfigFolder: config.hostConfigFolder ?? found.hostConfigFolder };
}
