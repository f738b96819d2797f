import type { ClusterOptions } from '../cluster/cluster.ts';
import { pushImage } from '../cluster/images.ts';
import { KubeError } from '../cluster/kube.ts';
import { demoImage } from '../cluster/stock-images.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, makeBed, patience } from './bed.ts';
import { type FledgedController, type FledgedOptions, startFledged } from './fledged-controller.ts';
import { type FledgedCache, fledgedNamespace, imageCacheCrd } from './fledged-objects.ts';

/** A bed with kube-fledged's resource and namespace, and a controller that a case starts, or does not. */
export interface FledgedBed extends Bed {
  /** Makes kube-fledged's resource known to the cluster, if it is not. */
  install(): Promise<void>;
  controller(options?: Omit<FledgedOptions, 'kube' | 'helper'>): Promise<FledgedController>;
  caches(): Promise<FledgedCache[]>;
  /** Resolves when no ImageCache is left. */
  noneLeft(): Promise<void>;
  /** What the product did to ImageCaches since a moment (RFC 3339), by verb; reads are not counted. */
  didToCaches(since: string): Promise<Record<string, number>>;
}

export const byFledged = { PULLER: 'kube-fledged' };

const inNamespace = `/apis/kubefledged.io/v1alpha2/namespaces/${fledgedNamespace}/imagecaches`;

export async function makeFledgedBed(options: ClusterOptions): Promise<FledgedBed> {
  const bed = await makeBed(options);
  const { kube, mirror } = bed.cluster;
  const helper = `${mirror.address}/busybox:2`;
  await pushImage(mirror.address, 'busybox', '2', await demoImage('kube-fledged needs cp and echo'));
  await kube.post('/api/v1/namespaces', { metadata: { name: fledgedNamespace } });
  const account = `/api/v1/namespaces/${fledgedNamespace}/serviceaccounts/default`;
  await kube.until(account, () => true, patience, "kube-fledged's service account");
  const controllers: FledgedController[] = [];

  const caches = async () =>
    (
      await kube.get<{ items: FledgedCache[] }>(inNamespace).catch((error: unknown) => {
        if (error instanceof KubeError && error.status === 404) return { items: [] };
        throw error;
      })
    ).items;
  const install = async () => {
    await kube
      .post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', imageCacheCrd)
      .catch((error: unknown) => {
        if (!(error instanceof KubeError && error.status === 409)) throw error;
      });
    await waitFor('ImageCaches to be served', () => kube.get(inNamespace), patience);
  };

  return {
    ...bed,
    install,
    controller: async (more) => {
      await install();
      const controller = startFledged({ kube, helper, ...more });
      controllers.push(controller);
      return controller;
    },
    caches,
    noneLeft: () =>
      waitFor('all ImageCaches to be gone', async () => (await caches()).length === 0, patience).then(() => undefined),
    didToCaches: async (since) => {
      const writes = (await bed.asked(since)).filter(
        ({ verb, resource, code = 0 }) => resource === 'imagecaches' && !['get', 'list'].includes(verb) && code < 300,
      );
      return Object.fromEntries(
        [...Map.groupBy(writes, ({ verb }) => verb)].map(([verb, some]) => [verb, some.length]),
      );
    },
    clear: async () => {
      for (const controller of controllers.splice(0)) await controller.end();
      if ((await caches()).length > 0) await kube.delete(inNamespace);
      await kube.delete(`/api/v1/namespaces/${fledgedNamespace}/pods`, { gracePeriodSeconds: 0 });
      await bed.clear();
    },
  };
}
