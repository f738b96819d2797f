import { mkdir } from 'node:fs/promises';
import { type AuditEntry, readAudit } from './audit.ts';
import { makeCgroups } from './cgroups.ts';
import { type Components, componentsOf } from './components.ts';
import { controlPlane, writeKubeconfig } from './control-plane.ts';
import { freePorts } from './free-ports.ts';
import { pushImage } from './images.ts';
import { type Kube, type KubeObject, kubeFor } from './kube.ts';
import { takeLock } from './lock.ts';
import { startNamespace } from './namespace.ts';
import { makeNetwork } from './network.ts';
import { nodeComponents, pauseRepository } from './node.ts';
import { type OutsideMode, startOutside } from './outside.ts';
import { buildPrograms, installPackages } from './packages.ts';
import { type Registry, type RegistryOptions, readRequests, registryComponent } from './registry.ts';
import { environment, run } from './run.ts';
import { planSite, type Site } from './site.ts';
import { pauseImage } from './stock-images.ts';
import type { ClusterOptions, TestCluster } from './test-cluster.ts';

export type { AuditEntry, ClusterOptions, OutsideMode, Registry, TestCluster };

/**
 * Starts the cluster and resolves when its node is Ready. Installs Debian packages and builds programs that are not
 * there yet (minutes, once). Throws when this machine cannot (see missing()) or when two others run.
 */
export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const progress = options.progress ?? ((line: string) => void process.stderr.write(`test cluster: ${line}\n`));
  await installPackages(progress);
  const programs = await buildPrograms(progress, options.kubernetes);
  await using cleanup = new AsyncDisposableStack();
  const lock = await takeLock();
  cleanup.defer(lock.release);
  const outside = await startOutside();
  cleanup.defer(outside.close);
  const site = await planSite(lock, options, outside.url);
  for (const folder of ['logs', 'pki', 'registries']) await mkdir(site.path(folder));
  await Promise.all([makeNetwork(site.network), makeCgroups(site.slot)]);
  const namespace = await startNamespace(site.folder);
  cleanup.defer(namespace.end);
  await lock.owns(namespace.init);
  const components = componentsOf(site, namespace, programs);
  const mirror = registry(site, components, 'mirror', site.ports.mirror);
  await startAll(site, components);
  const service = { host: site.network.apiService, port: 443 };
  await namespace.forward(service, { host: '127.0.0.1', port: site.ports.apiserver }).catch((error: Error) => {
    progress(`pods will not reach the API server at ${service.host}: ${error.message}`);
  });
  const kubeconfig = site.path('admin.kubeconfig');
  const kube = await kubeFor(kubeconfig);
  cleanup.defer(async () => kube.close());
  await nodeIsReady(kube, site.nodeName);

  const tool = (program: string, args: string[]) =>
    run(program, args, { PATH: [...programs, environment()['PATH']].join(':'), KUBECONFIG: kubeconfig });
  const started = cleanup.move();
  return {
    kubeconfig,
    kube,
    folder: site.folder,
    nodeName: site.nodeName,
    nodeAddress: site.network.nodeAddress,
    runtimeSocket: site.runtimeSocket,
    hostConfigFolder: site.path('certs.d'),
    staticPods: site.path('static-pods'),
    networkFolder: site.path('cni'),
    mirror,
    startRegistry: async (name, options) => {
      const [port = 0] = await freePorts(1);
      const another = registry(site, components, name, port, options);
      await components.start(name);
      return another;
    },
    add: async (component) => {
      components.add(component);
      await components.start(component.name);
    },
    outside: outside.set,
    outsideRequests: outside.requests,
    audit: () => readAudit(site.path('audit.log')),
    logs: components.logs,
    startComponent: components.start,
    stopComponent: components.stop,
    restart: async (name, signal) => {
      await components.stop(name, signal);
      await components.start(name);
    },
    ctr: (...args) => tool('ctr', ['--address', site.runtimeSocket, '--namespace', 'k8s.io', ...args]),
    kubectl: (...args) => tool('kubectl', args),
    stop: () => started.disposeAsync(),
  };
}

/** Everything that does not wait for another starts at once: most of the time goes into the API server. */
async function startAll(site: Site, components: Components): Promise<void> {
  for (const component of [...controlPlane(site), ...nodeComponents(site)]) components.add(component);
  const runtime = async () => {
    await Promise.all([components.start('containerd'), components.start('mirror')]);
    await pushImage(`127.0.0.1:${site.ports.mirror}`, pauseRepository, '1', await pauseImage());
  };
  const api = async () => {
    await components.start('etcd');
    await components.start('apiserver');
    await writeKubeconfig(site, 'admin');
    await Promise.all([components.start('controller-manager'), components.start('scheduler')]);
  };
  await Promise.all([api(), runtime()]);
  await components.start('kubelet');
}

/** Ready, free of the taint that it had before, and with the service account that pods need. */
async function nodeIsReady(kube: Kube, name: string): Promise<void> {
  type Node = KubeObject & {
    spec: { taints?: unknown[] };
    status: { conditions?: { type: string; status: string }[] };
  };
  const ready = (node: Node) =>
    node.spec.taints === undefined &&
    node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
  await Promise.all([
    kube.until<Node>(`/api/v1/nodes/${name}`, ready, 60_000, `node ${name} to be Ready`),
    kube.until('/api/v1/namespaces/default/serviceaccounts/default', () => true, 60_000, 'the default service account'),
  ]);
}

function registry(site: Site, components: Components, name: string, port: number, options?: RegistryOptions): Registry {
  components.add(registryComponent(site, name, port, options));
  return {
    address: `127.0.0.1:${port}`,
    requests: () => readRequests(site.path('logs', `${name}.log`)),
    stop: () => components.stop(name),
  };
}
