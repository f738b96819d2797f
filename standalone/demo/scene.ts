import { mirrorList } from '../../shared/config/config.ts';

/** Where a demo plays and with what. */
export interface Scene {
  readonly kubeconfig: string | undefined;
  /** The image that no registry has, and the container's command where the image has none that stays. */
  readonly image: string;
  readonly command?: readonly string[];
  /** The product's environment. */
  readonly env: Record<string, string>;
  readonly end: () => Promise<void>;
}

/** Never answers: reserved by RFC 6761. */
const nowhere = 'registry.invalid';

/**
 * A scene on somebody's own cluster. With mirrors given, they are asked for busybox as if it were docker.io's; without,
 * registry.k8s.io plays the mirror. Throws ConfigError for mirrors that are none.
 */
export function ownScene(kubeconfig: string | undefined, proxies: string | undefined): Scene {
  const [first] = proxies === undefined ? [] : mirrorList(proxies);
  const end = async () => undefined;
  if (first === undefined) {
    return { kubeconfig, image: `${nowhere}/pause:3.10`, env: { DOCKER_PROXY_URL: `${nowhere}=registry.k8s.io` }, end };
  }
  const host = `${first.scheme}://${[first.host, first.path, first.registry === undefined ? 'docker.io' : ''].filter(Boolean).join('/')}`;
  return {
    kubeconfig,
    image: `${nowhere}/library/busybox:1`,
    command: ['sleep', '36000'],
    env: { DOCKER_PROXY_URL: `${nowhere}=${host},${proxies}` },
    end,
  };
}

/**
 * A scene on a cluster of our own: a real one-node Kubernetes, started here and stopped with the demo.
 *
 * @param hostConfig whether its containerd reads a host configuration folder: the way is route, or else name
 */
export async function testScene(hostConfig: boolean, progress: (line: string) => void): Promise<Scene> {
  const [{ startCluster, missing }, { pushImage }, { demoImage, pushNodeImage }] = await Promise.all([
    import('../../test/cluster/cluster.ts').then(async (cluster) => ({
      ...cluster,
      ...(await import('../../test/cluster/packages.ts')),
    })),
    import('../../test/cluster/images.ts'),
    import('../../test/cluster/stock-images.ts'),
  ]);
  const reasons = await missing();
  if (reasons.length > 0) {
    throw new Error(
      `no kubeconfig, and no test cluster can start here; missing:\n- ${reasons.join('\n- ')}\nPoint KUBECONFIG at a cluster instead.`,
    );
  }
  const cluster = await startCluster({ hostConfig, progress });
  progress('a real Kubernetes node is up; its registries are out of reach, a mirror on loopback is not');
  const { address } = cluster.mirror;
  await Promise.all([
    pushNodeImage(address),
    demoImage('demo').then((image) => pushImage(address, `${nowhere}/demo`, '1', image)),
  ]);
  return {
    kubeconfig: cluster.kubeconfig,
    image: `${nowhere}/demo:1`,
    env: {
      DOCKER_PROXY_URL: address,
      MIRROR_REGISTRIES: `docker.io,${nowhere}`,
      RUNTIME_SOCKET: cluster.runtimeSocket,
      HOST_CONFIG_FOLDER: cluster.hostConfigFolder,
    },
    end: cluster.stop,
  };
}
