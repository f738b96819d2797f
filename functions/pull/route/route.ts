import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { answersAs } from './alive.ts';
import {
  addEntry,
  certificateFile,
  folderIsOurs,
  type RouteEntry,
  RouteRefused,
  registryApi,
  removeEntry,
  routeEntries,
} from './hosts-toml.ts';
import { withLock } from './lock.ts';

/** An entry for one registry in the runtime's host configuration folder that points at a listener of ours. */
export interface Route {
  /** The registry's own API, where the runtime is sent for anything else. */
  readonly registryApi: string;
  /** Takes the entry out. What was there before is there again, byte for byte. */
  down(): Promise<void>;
}

/**
 * Puts a route up. Throws RouteRefused where the folder cannot take one.
 *
 * @param folder containerd's config_path
 * @param registry host, with its port if it has one
 * @param certificate PEM by which the runtime knows the listener
 */
export async function putUp(folder: string, registry: string, port: number, certificate: string): Promise<Route> {
  const entry: RouteEntry = { id: randomBytes(6).toString('hex'), port };
  const place = await registryFolder(folder, registry);
  const otherwise = await readText(path.join(folder, '_default', 'hosts.toml'));
  const before = await withLock(place, async () => {
    await removeDead(place);
    const folderWasThere = (await mkdir(place, { recursive: true })) === undefined;
    const text = await readText(path.join(place, 'hosts.toml'));
    if (!text && (await readdir(place)).some((name) => /\.(crt|cert|key)$/.test(name))) {
      throw new RouteRefused(
        'the folder of this registry holds certificates in the style of Docker, which a hosts.toml would hide',
      );
    }
    const after = addEntry(text || undefined, entry, { default: otherwise ?? '', folder: folderWasThere });
    // First the certificate: an entry that names a missing one fails every pull of that registry.
    await replace(path.join(place, certificateFile(entry)), certificate);
    await replace(path.join(place, 'hosts.toml'), after);
    return text ?? otherwise;
  });
  return { registryApi: registryApi(before, registry), down: () => withLock(place, () => takeOut(place, entry)) };
}

/**
 * Takes out, in all registries' folders, what crashed rescues left: entries whose listener no longer answers with its
 * certificate.
 *
 * @returns the ids of the entries that were taken out
 */
export async function cleanUp(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const place = path.join(folder, name);
    const text = await readText(path.join(place, 'hosts.toml')).catch(() => undefined);
    if (text !== undefined && routeEntries(text).length > 0)
      removed.push(...(await withLock(place, () => removeDead(place))));
  }
  return removed;
}

async function removeDead(place: string): Promise<string[]> {
  const dead: string[] = [];
  for (const entry of routeEntries((await readText(path.join(place, 'hosts.toml'))) ?? '')) {
    const certificate = await readText(path.join(place, certificateFile(entry)));
    if (certificate !== undefined && (await answersAs(entry.port, certificate))) continue;
    await takeOut(place, entry);
    dead.push(entry.id);
  }
  return dead;
}

async function takeOut(place: string, entry: RouteEntry): Promise<void> {
  const file = path.join(place, 'hosts.toml');
  const text = await readText(file);
  if (text !== undefined && routeEntries(text).some(({ id }) => id === entry.id)) {
    const after = removeEntry(text, entry.id);
    if (after === undefined) await unlink(file);
    else await replace(file, after);
  }
  // Last the certificate: see putUp.
  await rm(path.join(place, certificateFile(entry)), { force: true });
  if (text !== undefined && folderIsOurs(text)) await rmdir(place).catch(() => undefined);
}

/** containerd looks for `host_port_`, then `host:port`; an existing one decides (core/remotes/docker/config, hostPaths). */
async function registryFolder(folder: string, registry: string): Promise<string> {
  const escaped = path.join(folder, registry.replace(/:(\d+)$/, '_$1_'));
  return (await exists(escaped)) ? escaped : path.join(folder, registry);
}

/** By rename: the runtime reads the file at every pull and must never see half of it. Keeps the file's mode. */
async function replace(file: string, text: string): Promise<void> {
  const mode = await stat(file).then(
    ({ mode }) => mode & 0o777,
    () => 0o644,
  );
  const fresh = `${file}.image-rescue-${process.pid}`;
  const handle = await open(fresh, 'w', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
