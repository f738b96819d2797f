import type { FunctionName } from '../../shared/events/event.ts';
import { ownPullsExtension } from '../../shared/events/types.ts';
import { marks } from '../../shared/pulls/name.ts';
import { pullNamespaceObject } from '../../shared/pulls/prepare.ts';
import { type Knative, startKnative } from '../cluster/knative/knative.ts';
import { serviceHost } from '../cluster/knative/objects.ts';
import type { SourceSpec } from '../cluster/knative/programs.ts';
import { deadLetters, triggersOfRoutes } from '../cluster/knative/triggers.ts';
import { type Bed, makeBed, pullNamespace } from './bed.ts';
import { type FunctionProcess, startFunction } from './function-processes.ts';
import { type Account, makeAccounts, type Permissions } from './service-accounts.ts';

/** A bed with the real Knative, where the functions are processes with their own ServiceAccounts' tokens. */
export interface KnativeBed extends Bed {
  knative: Knative;
  account(name: AccountName): Account;
  /** Starts functions, by default one of each, behind their names. They are gone with `end`. */
  functions(options?: {
    only?: readonly FunctionName[];
    replicas?: number;
    env?: Record<string, string>;
    /** In place of the API server's address. */
    api?: string;
  }): Promise<Functions>;
}

export interface Functions {
  of(name: FunctionName): FunctionProcess[];
  output(): string;
  end(): Promise<void>;
}

export const functionNames = ['detect', 'submit-cache', 'restore', 'sweep'] as const;
export const namespace = 'image-rescue';
export const hostOf = (name: FunctionName) => serviceHost(name, namespace);

const core = (resources: string[], verbs: string[]) => ({ apiGroups: [''], resources, verbs });
const jobs = (...verbs: string[]) => ({ apiGroups: ['batch'], resources: ['jobs'], verbs });

/** All that each of them may do. */
export const permissions = {
  detect: {},
  'submit-cache': {
    cluster: [core(['pods', 'nodes'], ['get'])],
    pulls: [core(['pods'], ['list']), core(['configmaps'], ['create']), jobs('get', 'create', 'delete')],
  },
  restore: {
    cluster: [core(['pods'], ['get', 'list', 'patch']), core(['events'], ['create'])],
    pulls: [core(['events'], ['list']), jobs('get')],
  },
  sweep: { cluster: [core(['pods'], ['list'])] },
  'source-of-pods': { cluster: [core(['pods'], ['list', 'watch'])] },
  'source-of-pulls': { pulls: [core(['pods'], ['list', 'watch']), jobs('list', 'watch')] },
} satisfies Record<string, Permissions>;
export type AccountName = keyof typeof permissions;

const sources = {
  'source-of-pods': { mode: 'Resource', resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
  'source-of-pulls': {
    mode: 'Resource',
    resources: [
      { apiVersion: 'v1', kind: 'Pod', selector: { matchExpressions: [{ key: marks.kind, operator: 'Exists' }] } },
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        selector: { matchExpressions: [{ key: marks.kind, operator: 'Exists' }] },
      },
    ],
    ceOverrides: { extensions: { [ownPullsExtension.name]: ownPullsExtension.value } },
  },
} satisfies Record<string, SourceSpec>;

/** Enough for a function that is killed at every step; nearer together than anybody would have them. */
const delivery = { retry: 15, backoffPolicy: 'linear', backoffDelay: 'PT0.1S' };

export async function makeKnativeBed(): Promise<KnativeBed> {
  const bed = await makeBed({ hostConfig: true });
  const { cluster } = bed;
  let knative: Knative | undefined;
  const stop = async () => {
    await knative?.close();
    await bed.stop();
  };
  try {
    await cluster.kube.post('/api/v1/namespaces', { metadata: { name: namespace } });
    await cluster.kube.post('/api/v1/namespaces', pullNamespaceObject(pullNamespace));
    const account = await makeAccounts(cluster, namespace, pullNamespace, permissions);
    knative = await startKnative(cluster, namespace, triggersOfRoutes(delivery));
    for (const name of [...functionNames, deadLetters]) knative.names.set(serviceHost(name, namespace));
    for (const name of ['source-of-pods', 'source-of-pulls'] as const) {
      const { user, kubeconfig } = account(name);
      const namespaces = name === 'source-of-pods' ? 'all' : [pullNamespace];
      await knative.source({ name, namespaces, spec: sources[name], user, kubeconfig: await kubeconfig() });
    }
    return { ...bed, stop, knative, account, functions: starter(bed, knative, account) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function starter(bed: Bed, knative: Knative, account: KnativeBed['account']): KnativeBed['functions'] {
  return async ({ only = functionNames, replicas = 1, env = {}, api } = {}) => {
    const started = new Map<FunctionName, FunctionProcess[]>();
    const all = () => [...started.values()].flat();
    const end = async () => {
      for (const name of only) knative.names.tap(hostOf(name));
      for (const name of only) knative.names.set(hostOf(name));
      await Promise.all(all().map((one) => one.end()));
    };
    const one = async (name: FunctionName) => {
      const own: Record<string, string> = name === 'detect' ? {} : { KUBECONFIG: await account(name).kubeconfig(api) };
      const sink: Record<string, string> = name === 'sweep' ? { K_SINK: knative.sink } : {};
      const process = await startFunction(name, { ...bed.env, ...own, ...sink, ...env });
      started.set(name, [...(started.get(name) ?? []), process]);
    };
    try {
      await Promise.all(only.flatMap((name) => Array.from({ length: replicas }, () => one(name))));
    } catch (error) {
      await end();
      throw error;
    }
    for (const [name, processes] of started) knative.names.set(hostOf(name), ...processes.map(({ port }) => port));
    return {
      of: (name) => started.get(name) ?? [],
      output: () =>
        all()
          .map((process) => process.output())
          .join(''),
      end,
    };
  };
}
