import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from '../build.ts';
import { freePorts } from '../free-ports.ts';
import { kindsAreServed } from '../kinds.ts';
import { may } from '../may.ts';
import type { TestCluster } from '../test-cluster.ts';
import { waitFor } from '../wait-for.ts';
import { type Names, startNames } from './names.ts';
import { brokerPath, channelHost, filterHost, ingressHost, writeBroker } from './objects.ts';
import {
  adapterConfig,
  brokerPrograms,
  dispatcherPort,
  type Source,
  sourceAdapter,
  systemNamespace,
} from './programs.ts';

/** Knative Eventing's own data plane on a test cluster, with a broker in one namespace. */
export interface Knative {
  /** The broker's address for programs of this machine and for pods, as a SinkBinding would put it into K_SINK. */
  sink: string;
  names: Names;
  /**
   * Starts the adapter of an ApiServerSource, a component `source-<name>`, with the kubeconfig and under the user name of
   * the source's own ServiceAccount; resolves when it watches. Throws where the account lacks a permission.
   */
  source(source: Source, kubeconfig: string, user: string): Promise<void>;
  close(): Promise<void>;
}

/** What the data plane reads; folders of the module's config. */
const wanted = {
  'core/resources': ['broker', 'channel', 'eventpolicy', 'eventtype', 'subscription', 'trigger'],
  'channels/in-memory-channel/resources': ['in-memory-channel'],
  'core/configmaps': [
    'features',
    'leader-election',
    'logging',
    'observability',
    'tracing',
    'default-broker',
    'default-channel',
  ],
  'channels/in-memory-channel/configmaps': ['event-dispatcher'],
};

/**
 * Builds Knative if it is not there yet (minutes, once), installs what it reads and starts it, with the Broker and the
 * Triggers of manifests. `redelivery` takes the place of what the Triggers say about retries.
 */
export async function startKnative(
  cluster: TestCluster,
  namespace: string,
  manifests: readonly { kind: string }[],
  redelivery?: object,
): Promise<Knative> {
  const programs = await build('knative', (line) => void process.stderr.write(`test cluster: ${line}\n`));
  await waitFor('the other Knative of this machine to end', aloneOnThisMachine, 900_000);
  await install(cluster, join(programs, 'config'));
  await writeBroker(cluster.kube, namespace, manifests, redelivery);
  const [ingress = 0, filter = 0, ...unused] = await freePorts(4);
  const names = await startNames();
  names.set(ingressHost, `127.0.0.1:${ingress}`);
  names.set(filterHost, `127.0.0.1:${filter}`);
  names.set(channelHost(namespace), `127.0.0.1:${dispatcherPort}`);
  const place = { programs, kubeconfig: cluster.kubeconfig, proxy: names.url };
  await Promise.all(brokerPrograms(place, { ingress, filter, unused }).map(cluster.add));
  return {
    sink: `http://${cluster.nodeAddress}:${ingress}${brokerPath(namespace)}`,
    names,
    source: async (source, own, user) => {
      const since = new Date().toISOString();
      const sink = `http://${ingressHost}${brokerPath(namespace)}`;
      await mayRead(cluster, source, user);
      await cluster.add(sourceAdapter({ ...place, kubeconfig: own }, sink, source));
      const watches = async () =>
        (await cluster.audit()).filter((one) => one.user === user && one.verb === 'watch' && one.time >= since)
          .length >= source.spec.resources.length;
      await waitFor(`the source ${source.metadata.name} to watch`, watches, 60_000);
    },
    close: () => names.close(),
  };
}

/**
 * The dispatcher's port is fixed, so there is one Knative on a machine: until this process ends. The lock is an abstract
 * socket, which the kernel frees.
 */
function aloneOnThisMachine(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen('\0image-rescue-test-knative', () => {
      server.unref();
      resolve(true);
    });
  });
}

/** What a source's controller asks before it starts an adapter (eventing's reconciler/apiserversource). */
const verbsOfSources = ['get', 'list', 'watch'];

async function mayRead({ kube }: TestCluster, source: Source, user: string): Promise<void> {
  const { namespaces, resources } = adapterConfig(source);
  const [namespace = ''] = namespaces;
  for (const { gvr } of resources) {
    for (const verb of verbsOfSources) {
      const { Group: group = '', Resource: resource } = gvr;
      if (!(await may(kube, user, { verb, group, resource, namespace })))
        throw new Error(`${user} may not ${verb} ${resource} in ${namespace || 'all namespaces'}`);
    }
  }
}

async function install({ kube, kubectl }: TestCluster, config: string): Promise<void> {
  await kube.post('/api/v1/namespaces', { metadata: { name: systemNamespace } });
  const files: string[] = [];
  for (const [folder, names] of Object.entries(wanted)) {
    const there = await readdir(join(config, folder));
    for (const name of names) {
      if (!there.includes(`${name}.yaml`)) throw new Error(`Knative's ${folder} has no ${name}.yaml`);
      files.push(join(config, folder, `${name}.yaml`));
    }
  }
  await kubectl('create', ...files.flatMap((file) => ['--filename', file]));
  await kindsAreServed(kube);
}
