import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../cluster/run.ts';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Runs `npm run image` on a base of this machine's own, with more options. Returns the last line that it prints. Nothing
 * of it stays in Buildah's storage.
 */
export async function buildImage(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const cache = await mkdtemp(path.join(tmpdir(), 'image-rescue-build-'));
  try {
    const command = ['--prefix', root, 'run', 'image', '--', '--own-base', ...options];
    const printed = await run('npm', command, { XDG_CACHE_HOME: cache, ...env });
    return printed.trimEnd().split('\n').at(-1) ?? '';
  } finally {
    await rm(cache, { recursive: true });
  }
}

/** Puts the image where a test cluster's node gets it, as README says. Returns the image by digest. */
export async function pushImage(registry: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'image-rescue-push-'));
  try {
    // Podman and Buildah want to be told of a registry without TLS, even on loopback.
    const conf = path.join(folder, 'registries.conf');
    await writeFile(conf, `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
    const options = ['--name', `${registry}/image-rescue`, '--push'];
    return await buildImage(options, { CONTAINERS_REGISTRIES_CONF: conf });
  } finally {
    await rm(folder, { recursive: true });
  }
}
