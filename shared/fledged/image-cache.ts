import * as z from 'zod';
import { marks } from '../pulls/name.ts';

/** kube-fledged's resource, as of its version 0.9: one list of images for the nodes that a selector names. */
export const imageCaches = { group: 'kubefledged.io', version: 'v1alpha2', kind: 'ImageCache' } as const;

/** The label that every node has, and that kube-fledged's Jobs are sent by. */
export const hostnameLabel = 'kubernetes.io/hostname';

const failureSchema = z.object({
  node: z.string().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
});

/** What image-rescue reads of an ImageCache. Its status is another program's: nothing in it is taken for granted. */
export const imageCacheSchema = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
  spec: z.object({ cacheSpec: z.array(z.object({ images: z.array(z.string()) })) }),
  status: z
    .object({
      status: z.string().nullish(),
      message: z.string().nullish(),
      failures: z.record(z.string(), z.array(failureSchema)).nullish(),
    })
    .nullish(),
});

export type ImageCache = z.infer<typeof imageCacheSchema>;

/** What one ImageCache of ours is to bring. */
export interface CacheOrder {
  /** The name of the Job that follows: unique among all caches of the cluster, and short enough for kube-fledged's own suffix. */
  readonly name: string;
  readonly namespace: string;
  /** The image's full name. */
  readonly image: string;
  /** Where a kubelet can pull it, and that mirror's host. */
  readonly address: string;
  readonly mirror: string;
  /** Secrets that the kubelet needs for it. */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly node: { readonly name: string; readonly uid: string; readonly hostname: string };
  /** `namespace/name` of the pod that asked first. */
  readonly askedBy: string;
}

/**
 * One image for one node. Made once, without a status, and never changed: kube-fledged drops a change while it is at work,
 * and a replaced object loses its status.
 */
export function imageCache(order: Omit<CacheOrder, 'mirror'>) {
  const { name, namespace, image, address, imagePullSecrets, node, askedBy } = order;
  return {
    apiVersion: `${imageCaches.group}/${imageCaches.version}`,
    kind: imageCaches.kind,
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'image-rescue', [marks.kind]: 'cache', [marks.node]: node.uid },
      annotations: { [marks.image]: image, [marks.askedBy]: askedBy, [marks.nodeName]: node.name },
    },
    spec: {
      cacheSpec: [{ images: [address], nodeSelector: { [hostnameLabel]: node.hostname } }],
      ...(imagePullSecrets && { imagePullSecrets }),
    },
  };
}

/** The one address that an ImageCache of ours is about. */
export function addressOf({ spec }: ImageCache): string | undefined {
  return spec.cacheSpec[0]?.images[0];
}
