import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';

const indexSchema = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) });
const manifestSchema = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string() })),
});
const configSchema = z.object({
  config: z.object({
    User: z.string(),
    WorkingDir: z.string(),
    Entrypoint: z.array(z.string()),
    Cmd: z.array(z.string()),
    Env: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
  }),
});

/** An image as a container runtime would unpack it. */
export interface Unpacked {
  /** The folder that is its root file system. */
  readonly root: string;
  readonly config: z.infer<typeof configSchema>['config'];
  remove(): void;
}

/** Unpacks an archive that holds an OCI image layout (image-spec, image-layout.md), of Buildah, Podman or Docker. */
export function unpack(archive: string): Unpacked {
  const folder = mkdtempSync(path.join(tmpdir(), 'image-rescue-unpacked-'));
  const layout = path.join(folder, 'layout');
  const root = path.join(folder, 'root');
  for (const each of [layout, root]) mkdirSync(each);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const blob = (digest: string) => path.join(layout, 'blobs', digest.replace(':', '/'));
  const read = <T>(file: string, schema: z.ZodType<T>) => schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const index = read(path.join(layout, 'index.json'), indexSchema);
  const manifest = read(blob(index.manifests[0]?.digest ?? ''), manifestSchema);
  for (const { digest } of manifest.layers) execFileSync('tar', ['-xpf', blob(digest), '-C', root]);
  const { config } = read(blob(manifest.config.digest), configSchema);
  return { root, config, remove: () => rmSync(folder, { recursive: true }) };
}
