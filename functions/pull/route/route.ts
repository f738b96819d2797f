import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { answersAs } from './alive.ts';
import {
  addEntry,
  certificateFile,
  folderIsOurs,
  isLastHost,
  type RouteEntry,
  RouteRefused,
  registryApi,
  removeEntry,
  routeEntries,
} from './hosts-toml.ts';
import { withLock } from './lock.ts';

/** An entry for one registry in the runtime's host configuration folder that points at a listener of ours. */
export interface Route {
  /** The registry's own API, where the runtime is sent for anything else; undefined where another host comes first. */
  elsewhere(): Promise<string | undefined>;
  /** Takes the entry out. What was there before is there again, byte for byte. */
  down(): Promise<void>;
}

/**
 * Puts a route up. Throws RouteRefused where the folder cannot take one; nothing was changed then.
 *
 * @param folder containerd's config_path
 * @param registry host, with its port if it has one
 * @param certificate PEM by which the runtime knows the listener
 */
export async function putUp(folder: string, registry: string, port: number, certificate: string): Promise<Route> {
  const entry: RouteEntry = { id: randomBytes(6).toString('hex'), port };
  const place = await registryFolder(folder, registry);
  const file = path.join(place, 'hosts.toml');
  const api = await withLock(place, async () => {
    await removeDead(place);
    const folderIsThere = await isFolder(place);
    const text = await readText(file);
    if (!text && folderIsThere && (await readdir(place)).some((name) => /\.(crt|cert|key)$/.test(name))) {
      throw new RouteRefused(
        'the folder of this registry holds certificates in the style of Docker, which a hosts.toml would hide',
      );
    }
    // Where a registry has a folder, be it an empty one, `_default` does not count for it.
    const fallback = folderIsThere ? undefined : await readText(path.join(folder, '_default', 'hosts.toml'));
    const after = addEntry(text, entry, { default: fallback ?? '', folder: folderIsThere });
    const found = registryApi(after, registry);
    // Everything that may be refused has been by now.
    if (folderIsThere) await writeEntry(place, entry, certificate, after);
    else await appear(place, (fresh) => writeEntry(fresh, entry, certificate, after));
    return found;
  });
  return {
    elsewhere: async () => (isLastHost((await readText(file)) ?? '', entry.id) ? api : undefined),
    down: () => withLock(place, () => takeOut(place, entry)),
  };
}

/** First the certificate: an entry that names a missing one fails every pull of that registry. */
async function writeEntry(place: string, entry: RouteEntry, certificate: string, text: string): Promise<void> {
  await replace(path.join(place, certificateFile(entry)), certificate);
  await replace(path.join(place, 'hosts.toml'), text);
}

/** A folder is there whole or not at all: an empty one already hides `_default`. */
async function appear(place: string, fill: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${place}.image-rescue-${randomBytes(6).toString('hex')}`;
  await mkdir(fresh, { recursive: true });
  try {
    await fill(fresh);
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

async function disappear(place: string): Promise<void> {
  const going = `${place}.image-rescue-${randomBytes(6).toString('hex')}`;
  await rename(place, going);
  await rm(going, { recursive: true, force: true });
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
      removed.push(...(await withLock(place, () => removeDead(place)).catch(() => [])));
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
    if (after === undefined && folderIsOurs(text) && (await onlyOurs(place))) return disappear(place);
    if (after === undefined) await unlink(file);
    else await replace(file, after);
  }
  // Last the certificate: see writeEntry.
  await rm(path.join(place, certificateFile(entry)), { force: true });
}

/** Somebody may have put something of his own into a folder that was made for a rescue. */
async function onlyOurs(place: string): Promise<boolean> {
  return (await readdir(place)).every((name) => name === 'hosts.toml' || /^image-rescue-[0-9a-f]+\.pem$/.test(name));
}

/** containerd looks for `host_port_`, then `host:port`; an existing one decides (core/remotes/docker/config, hostPaths). */
async function registryFolder(folder: string, registry: string): Promise<string> {
  const escaped = path.join(folder, registry.replace(/:(\d+)$/, '_$1_'));
  return (await exists(escaped)) ? escaped : path.join(folder, registry);
}

/** By rename: the runtime reads the file at every pull and must never see half of it. Keeps the file's mode. */
async function replace(file: string, text: string): Promise<void> {
  const was = await stats(file);
  const mode = was === undefined ? 0o644 : was.mode & 0o777;
  const fresh = `${file}.image-rescue-${process.pid}`;
  const handle = await open(fresh, 'w', mode);
  try {
    await handle.chmod(mode);
    if (was !== undefined) await handle.chown(was.uid, was.gid).catch(() => undefined);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

/** Undefined where there is none. Throws RouteRefused for what could not be put back as it was. */
async function readText(file: string): Promise<string | undefined> {
  const found = await stats(file);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new RouteRefused(`${file} is a link or no file, and belongs to whatever put it there`);
  const bytes = await readFile(file);
  if (!isUtf8(bytes)) throw new RouteRefused(`${file} is not UTF-8`);
  return bytes.toString();
}

async function isFolder(place: string): Promise<boolean> {
  const found = await stats(place);
  if (found === undefined) return false;
  if (!found.isDirectory())
    throw new RouteRefused(`${place} is a link or no folder, and belongs to whatever put it there`);
  return true;
}

async function stats(file: string) {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
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
