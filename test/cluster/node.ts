import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { cgroupRoot } from './cgroups.ts';
import { serves, writeKubeconfig } from './control-plane.ts';
import { cniConfiguration } from './network.ts';
import { type Component, flags, type Site } from './site.ts';

/** The repository of the sandbox image at the mirror. */
export const pauseRepository = 'image-rescue-test/pause';

/** containerd, whose way to the outside is the tests' own, and the kubelet with its default settings for images. */
export function nodeComponents(site: Site): Component[] {
  return [
    {
      name: 'containerd',
      command: 'containerd',
      args: ['--config', site.path('containerd.toml')],
      env: {
        HTTP_PROXY: site.outsideUrl,
        HTTPS_PROXY: site.outsideUrl,
        NO_PROXY: '127.0.0.1,localhost,::1',
      },
      prepare: async () => {
        const snapshotter = (await statfs(site.folder)).type === overlayfs ? 'native' : 'overlayfs';
        await mkdir(site.path('cni'), { recursive: true });
        if (site.hostConfigFolder !== undefined) await mkdir(site.hostConfigFolder, { recursive: true });
        await writeFile(site.path('cni', '10-test.conflist'), cniConfiguration(site.network, site.path('cni-state')));
        await writeFile(site.path('containerd.toml'), containerdConfiguration(site, snapshotter));
      },
      ready: () => listens(site.runtimeSocket),
    },
    {
      name: 'kubelet',
      command: 'kubelet',
      args: flags({
        config: site.path('kubelet.json'),
        kubeconfig: site.path(`system:node:${site.nodeName}.kubeconfig`),
        'hostname-override': site.nodeName,
        'node-ip': site.network.nodeAddress,
        'root-dir': site.path('kubelet'),
        v: 2,
      }),
      prepare: async () => {
        await mkdir(site.path('static-pods'), { recursive: true });
        await writeKubeconfig(site, `system:node:${site.nodeName}`);
        await writeFile(site.path('kubelet.json'), kubeletConfiguration(site));
      },
      ready: () => serves({ host: site.network.nodeAddress, port: site.ports.kubelet, path: '/healthz' }),
    },
  ];
}

/** An overlay cannot lie on an overlay (statfs(2), OVERLAYFS_SUPER_MAGIC): so it is in most containers. */
const overlayfs = 0x794c7630;

function containerdConfiguration(site: Site, snapshotter: string): string {
  const images = `plugins.'io.containerd.cri.v1.images'`;
  const runtime = `plugins.'io.containerd.cri.v1.runtime'`;
  const q = (value: string) => JSON.stringify(value);
  return `version = 3
root = ${q(site.path('containerd'))}
state = ${q(site.path('containerd-state'))}
[grpc]
  address = ${q(site.runtimeSocket)}
[ttrpc]
  address = ${q(`${site.runtimeSocket}.ttrpc`)}
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.internal.v1.opt']
  path = ${q(site.path('containerd-opt'))}
[${images}]
  snapshotter = ${q(snapshotter)}
[${images}.pinned_images]
  sandbox = ${q(`127.0.0.1:${site.ports.mirror}/${pauseRepository}:1`)}
${site.hostConfigFolder === undefined ? '' : `[${images}.registry]\n  config_path = ${q(site.hostConfigFolder)}`}
[${runtime}]
  # the machine may not lower it: every sandbox would fail with "can't get final child's PID"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[${runtime}.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = ${q(site.path('cni'))}
[${runtime}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [${runtime}.containerd.runtimes.runc.options]
    SystemdCgroup = false
`;
}

function kubeletConfiguration(site: Site): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    address: site.network.nodeAddress,
    port: site.ports.kubelet,
    healthzPort: 0,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroupRoot(site.slot),
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    containerRuntimeEndpoint: `unix://${site.runtimeSocket}`,
    staticPodPath: site.path('static-pods'),
    fileCheckFrequency: '1s',
    volumePluginDir: site.path('volume-plugins'),
    clusterDNS: [site.network.dnsService],
    clusterDomain: 'cluster.local',
    evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    ...site.kubelet,
  });
}

function listens(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', reject);
  });
}
