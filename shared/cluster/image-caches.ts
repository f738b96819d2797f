import * as z from 'zod';
import { type ImageCache, imageCacheSchema, imageCaches } from '../fledged/image-cache.ts';
import { marks } from '../pulls/name.ts';
import { type Api, create, segment, unless } from './api.ts';

/** What image-rescue does with kube-fledged's ImageCaches, all in one namespace. Throws PermissionError, RetryableError. */
export interface ImageCaches {
  /** Throws ApiError 404 where there are no such resources, or no such namespace. */
  create(cache: unknown): Promise<'created' | 'exists'>;
  /** Undefined also where there are no such resources. */
  read(name: string): Promise<ImageCache | undefined>;
  /** Those of ours; none where there are no such resources. */
  list(): Promise<ImageCache[]>;
  /** With its Jobs; only the one with this uid. */
  delete(cache: ImageCache): Promise<void>;
}

/** The path of the ImageCaches in a namespace. */
export function imageCachesPath(namespace: string): string {
  return `/apis/${imageCaches.group}/${imageCaches.version}/namespaces/${segment(namespace)}/imagecaches`;
}

const listSchema = z.object({ items: z.array(imageCacheSchema) });

export function makeImageCaches(api: Api, namespace: string): ImageCaches {
  const path = imageCachesPath(namespace);
  return {
    create: (body) => create(api, path, body),
    read: async (name) => {
      const found = await unless(404, async () => api.json({ method: 'GET', path: `${path}/${segment(name)}` }));
      return found === undefined ? undefined : imageCacheSchema.parse(found);
    },
    list: async () => {
      const query = new URLSearchParams({ labelSelector: marks.kind });
      const found = await unless(404, () => api.json({ method: 'GET', path: `${path}?${query}` }));
      return found === undefined ? [] : listSchema.parse(found).items;
    },
    delete: async ({ metadata: { name, uid } }) => {
      const body = { propagationPolicy: 'Background', preconditions: { uid } };
      const one = `${path}/${segment(name)}`;
      await unless(404, () => unless(409, () => api.json({ method: 'DELETE', path: one, body })));
    },
  };
}
