import * as z from 'zod';
import { type Knative, startKnative } from '../cluster/knative/knative.ts';
import { serviceHost } from '../cluster/knative/objects.ts';
import { sourceSchema } from '../cluster/knative/programs.ts';
import { kubectlOn } from '../cluster/objects.ts';
import { render } from '../knative/render.ts';
import { kubeconfigOf, userOf } from './account.ts';
import { type Bed, makeBed } from './bed.ts';
import type { Started } from './cases.ts';

/** A bed with the real Knative and with our manifests, on which no function runs yet. */
export interface KnativeGround extends Bed {
  knative: Knative;
  /** The ConfigMap of the manifests with what this cluster needs. */
  settings: Readonly<Record<string, string>>;
  /** Has functions answer to their names until they end. */
  behindNames<F extends Functions>(only: readonly FunctionName[], functions: F): F;
}

/** How the functions run is the file's choice. */
export interface KnativeBed extends KnativeGround {
  /** Starts functions, by default one of each, with their own ServiceAccounts' tokens and behind their names. */
  functions(options?: FunctionOptions): Promise<Functions>;
}

export interface FunctionOptions {
  only?: readonly FunctionName[];
  replicas?: number;
  env?: Record<string, string>;
}

export interface Functions extends Started {
  /** Where the replicas of a function listen, `address:port`. */
  addresses(name: FunctionName): string[];
}

export const functionNames = ['detect', 'submit-cache', 'restore', 'sweep', 'dead-letter'] as const;
export type FunctionName = (typeof functionNames)[number];
/** Detect and dead-letter ask the API server nothing. */
export const withToken: readonly FunctionName[] = ['submit-cache', 'restore', 'sweep'];
export const namespace = 'image-rescue';
export const hostOf = (name: FunctionName) => serviceHost(name, namespace);

export const manifests = render('knative');
const ofKind = (wanted: string) => manifests.filter(({ kind }) => kind === wanted);

/** Enough for a function that is killed at every step; nearer together than anybody would have them. */
const redelivery = { retry: 20, backoffPolicy: 'linear', backoffDelay: 'PT0.1S' };

/** `add` adds the functions; where it fails everything ends. */
export async function makeKnativeBed<B extends KnativeBed>(add: (ground: KnativeGround) => B | Promise<B>): Promise<B> {
  const bed = await makeBed({ hostConfig: true });
  const { cluster } = bed;
  let knative: Knative | undefined;
  const stop = async () => {
    await knative?.close();
    await bed.stop();
  };
  try {
    await kubectlOn(
      cluster,
      'create',
      manifests.filter(({ apiVersion }) => !apiVersion.includes('knative.dev')),
    );
    knative = await startKnative(cluster, namespace, manifests, redelivery);
    for (const name of functionNames) knative.names.set(hostOf(name));
    for (const source of ofKind('ApiServerSource').map((one) => sourceSchema.parse(one))) {
      const { serviceAccountName } = source.spec;
      const kubeconfig = await kubeconfigOf(cluster, serviceAccountName, namespace);
      await knative.source(source, kubeconfig, userOf(serviceAccountName, namespace));
    }
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(ofKind('ConfigMap')[0]);
    const settings = { ...data, LOG_LEVEL: 'debug', ...bed.env };
    return await add({ ...bed, stop, knative, settings, behindNames: placer(knative) });
  } catch (error) {
    await stop();
    throw error;
  }
}

function placer({ names }: Knative): KnativeGround['behindNames'] {
  return (only, functions) => {
    for (const name of only) names.set(hostOf(name), ...functions.addresses(name));
    const end = async () => {
      for (const name of only) {
        names.tap(hostOf(name));
        names.set(hostOf(name));
      }
      await functions.end();
    };
    return { ...functions, end };
  };
}
