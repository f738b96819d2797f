import type { Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';
import { forNode } from '../config/per-node.ts';

/** Where things are on a node. */
export interface NodePaths {
  /** Absent where the runtime cannot be given an image under another registry's name, or must not be. */
  readonly socket?: string;
  /** Absent where no route may be used. */
  readonly hostConfigFolder?: string;
  readonly selinuxType?: string;
  /** Why pods of this node can only be given a mirror's address; there is no socket then. */
  readonly onlyPatch?: string;
}

const socketOfK3s = '/run/k3s/containerd/containerd.sock';

/** The places that the distributions' own packages use. */
const usual = {
  containerd: { socket: '/run/containerd/containerd.sock', hostConfigFolder: '/etc/containerd/certs.d' },
  k3s: { socket: socketOfK3s, hostConfigFolder: '/var/lib/rancher/k3s/agent/etc/containerd/certs.d' },
  rke2: { socket: socketOfK3s, hostConfigFolder: '/var/lib/rancher/rke2/agent/etc/containerd/certs.d' },
};

/** RKE2 runs k3s' containerd and shows it in the kubelet's version only. */
function distribution({ runtime, kubelet }: Node): keyof typeof usual {
  if (kubelet.includes('+rke2')) return 'rke2';
  return runtime.includes('k3s') || kubelet.includes('+k3s') ? 'k3s' : 'containerd';
}

/** Where to find the runtime of this node, or why nothing can be done there. */
export function nodePaths(
  node: Node,
  config: Pick<Config, 'runtimeSocket' | 'hostConfigFolder' | 'selinuxType' | 'route'>,
): NodePaths | { refused: string } {
  if (node.system !== 'linux')
    return { refused: `node ${node.name} runs ${node.system}, and only Linux nodes can be helped` };
  if (!node.runtime.startsWith('containerd://')) {
    return {
      onlyPatch: `node ${node.name} runs ${node.runtime}, and only containerd can be given an image under another registry's name`,
    };
  }
  const found = usual[distribution(node)];
  const selinuxType = forNode(config.selinuxType, node.labels);
  return {
    socket: forNode(config.runtimeSocket, node.labels) ?? found.socket,
    ...(config.route === 'auto' && {
      hostConfigFolder: forNode(config.hostConfigFolder, node.labels) ?? found.hostConfigFolder,
    }),
    ...(selinuxType !== undefined && { selinuxType }),
  };
}
