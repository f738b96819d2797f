import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';

/** An object of a manifest, as it stands there. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

// Strict: a kustomization that does more than these needs kubectl.
const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  resources: z.array(z.string()),
  images: z
    .array(z.strictObject({ name: z.string(), newName: z.string().optional(), digest: z.string().optional() }))
    .default([]),
});

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
});

const root = path.resolve(import.meta.dirname, '../..');

/**
 * The objects of a kustomize base of this repository, `knative` or `standalone`, in its order: what `kubectl kustomize` makes
 * of it, without kubectl. A test holds the two equal.
 *
 * @param image takes the place of the image of the kustomization's `images`
 */
export function render(folder: string, image?: string): Manifest[] {
  const base = path.join(root, folder);
  const { resources, images } = kustomization.parse(parse(readFileSync(path.join(base, 'kustomization.yaml'), 'utf8')));
  const objects = resources.flatMap((name) =>
    statSync(path.join(base, name)).isDirectory() ? render(path.join(folder, name)) : objectsIn(path.join(base, name)),
  );
  const replaced = new Map(
    images.map(({ name, newName, digest }) => [name, image ?? `${newName ?? name}${digest ? `@${digest}` : ''}`]),
  );
  return objects.map((object) => manifest.parse(withImages(object, replaced)));
}

/** All objects of one YAML file. */
export function objectsIn(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return manifest.parse(document.toJS());
  });
}

function withImages(value: unknown, images: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => withImages(one, images));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'image' && typeof one === 'string' ? (images.get(one) ?? one) : withImages(one, images),
    ]),
  );
}
