import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Knative, startKnative } from '../cluster/knative/knative.ts';
import { serviceHost } from '../cluster/knative/objects.ts';
import { sourceSchema } from '../cluster/knative/programs.ts';
import { render } from '../knative/render.ts';
import { kubeconfigOf, userOf } from './account.ts';
import { type Bed, makeBed } from './bed.ts';
import { type KeptFunction, keepFunction } from './kept-function.ts';

/** A bed with the real Knative and with our manifests, where the functions are processes. */
export interface KnativeBed extends Bed {
  knative: Knative;
  /** Starts functions, by default one of each, with their own ServiceAccounts' tokens and behind their names. */
  functions(options?: {
    only?: readonly FunctionName[];
    replicas?: number;
    env?: Record<string, string>;
    /** In place of the API server's address. */
    api?: string;
  }): Promise<Functions>;
}

export interface Functions {
  of(name: FunctionName): KeptFunction[];
  output(): string;
  end(): Promise<void>;
}

export const functionNames = ['detect', 'submit-cache', 'restore', 'sweep', 'dead-letter'] as const;
export type FunctionName = (typeof functionNames)[number];
export const namespace = 'image-rescue';
export const hostOf = (name: FunctionName) => serviceHost(name, namespace);

export const manifests = render('knative');
const ofKind = (wanted: string) => manifests.filter(({ kind }) => kind === wanted);
/** Detect and dead-letter ask the API server nothing. */
const withToken: readonly FunctionName[] = ['submit-cache', 'restore', 'sweep'];

/** Enough for a function that is killed at every step; nearer together than anybody would have them. */
const redelivery = { retry: 20, backoffPolicy: 'linear', backoffDelay: 'PT0.1S' };

export async function makeKnativeBed(): Promise<KnativeBed> {
  const bed = await makeBed({ hostConfig: true });
  const { cluster } = bed;
  let knative: Knative | undefined;
  const stop = async () => {
    await knative?.close();
    await bed.stop();
  };
  try {
    const file = join(cluster.folder, 'manifests.json');
    const items = manifests.filter(({ apiVersion }) => !apiVersion.includes('knative.dev'));
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await cluster.kubectl('create', '--filename', file);
    knative = await startKnative(cluster, namespace, manifests, redelivery);
    for (const name of functionNames) knative.names.set(hostOf(name));
    for (const source of ofKind('ApiServerSource').map((one) => sourceSchema.parse(one))) {
      const { serviceAccountName } = source.spec;
      const kubeconfig = await kubeconfigOf(cluster, serviceAccountName, namespace);
      await knative.source(source, kubeconfig, userOf(serviceAccountName, namespace));
    }
    return { ...bed, stop, knative, functions: starter(bed, knative) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function starter(bed: Bed, knative: Knative): KnativeBed['functions'] {
  const settings = z.object({ data: z.record(z.string(), z.string()) }).parse(ofKind('ConfigMap')[0]).data;
  return async ({ only = functionNames, replicas = 1, env = {}, api } = {}) => {
    const started = new Map<FunctionName, KeptFunction[]>(only.map((name) => [name, []]));
    const all = () => [...started.values()].flat();
    const end = async () => {
      for (const name of only) {
        knative.names.tap(hostOf(name));
        knative.names.set(hostOf(name));
      }
      await Promise.all(all().map((one) => one.end()));
    };
    const start = async (name: FunctionName) => {
      const own = {
        ...(withToken.includes(name) && { KUBECONFIG: await kubeconfigOf(bed.cluster, name, namespace, api) }),
        ...(name === 'sweep' && { K_SINK: knative.sink }),
      };
      const kept = await keepFunction(`${name}.cjs`, { ...settings, LOG_LEVEL: 'debug', ...bed.env, ...own, ...env });
      started.get(name)?.push(kept);
    };
    try {
      for (const name of only) await Promise.all(Array.from({ length: replicas }, () => start(name)));
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
