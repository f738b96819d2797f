import { readFileSync } from 'node:fs';

// kube-fledged's objects, by the shapes of those that a real one made (test/fixtures/apiserversource).

export const fledgedNamespace = 'kube-fledged';

export interface FledgedCache {
  metadata: { name: string; namespace: string; uid: string; creationTimestamp: string };
  spec: { cacheSpec: { images: string[]; nodeSelector: Record<string, string> }[]; imagePullSecrets?: object[] };
  status?: FledgedStatus;
}

export interface FledgedStatus {
  status: string;
  reason: string;
  message: string;
  startTime?: string;
  completionTime?: string;
  failures?: Record<string, { node: string; reason: string; message: string }[]>;
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** The resource as far as these tests need it. As in the real one, the status is a part of the object like any other. */
export const imageCacheCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'imagecaches.kubefledged.io' },
  spec: {
    group: 'kubefledged.io',
    names: { kind: 'ImageCache', listKind: 'ImageCacheList', plural: 'imagecaches', singular: 'imagecache' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha2',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
      },
    ],
  },
};

interface RecordedJob {
  metadata: { labels: object; ownerReferences: object[] };
  spec: { template: { spec: { containers: object[]; initContainers: object[] } } };
}

const recorded: { body: RecordedJob } = JSON.parse(
  readFileSync(new URL('../fixtures/apiserversource/job-delete-kf-cache-ok-none.json', import.meta.url), 'utf8'),
);

/** The Job that pulls one image of a cache onto the nodes of a selector. `helper` is an image with `cp` and `echo`. */
export function fledgedJob(cache: FledgedCache, image: string, nodeSelector: Record<string, string>, helper: string) {
  const { metadata, spec } = recorded.body;
  const { name, namespace, uid } = cache.metadata;
  const labels = { ...metadata.labels, imagecache: name };
  const template = spec.template.spec;
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      ownerReferences: metadata.ownerReferences.map((owner) => ({ ...owner, name, uid })),
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 3600,
      template: {
        metadata: { labels },
        spec: {
          ...template,
          containers: template.containers.map((container) => ({ ...container, image })),
          initContainers: template.initContainers.map((container) => ({ ...container, image: helper })),
          nodeSelector,
          ...(cache.spec.imagePullSecrets && { imagePullSecrets: cache.spec.imagePullSecrets }),
        },
      },
    },
  };
}
