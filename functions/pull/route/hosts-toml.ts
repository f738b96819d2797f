import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';

/** One rescue's table in a hosts.toml. */
export interface RouteEntry {
  /** `[a-z0-9]+`; also in the name of its certificate file. */
  readonly id: string;
  readonly port: number;
}

/** The file cannot take a table of ours without changing what it means. */
export class RouteRefused extends Error {
  override name = 'RouteRefused';
}

/**
 * The first line of a file that was not there before. Its last word says whether the folder was.
 */
const made = '# image-rescue made this file for a rescue; it goes with the last one; its folder was ';
const entryPattern =
  /\n# >>> image-rescue ([a-z0-9]+)\n\[host\."https:\/\/127\.0\.0\.1:(\d+)"\]\n[\s\S]*?# <<< image-rescue \1\n/g;

/** The file that holds an entry's certificate, beside hosts.toml. Not .crt: containerd takes those for its own where there is no hosts.toml. */
export function certificateFile({ id }: Pick<RouteEntry, 'id'>): string {
  return `image-rescue-${id}.pem`;
}

/** The entries of ours in a hosts.toml. */
export function routeEntries(text: string): RouteEntry[] {
  return [...text.matchAll(entryPattern)].map(([, id = '', port]) => ({ id, port: Number(port) }));
}

/**
 * A hosts.toml with one more entry, in front of every host that it names: what was there stays byte for byte.
 * Throws RouteRefused where the result would not mean the same and one host more.
 *
 * @param text the file as it is; undefined where there is none
 * @param otherwise what holds for the registry without a file: the content of `_default`, and whether its folder is there
 */
export function addEntry(
  text: string | undefined,
  entry: RouteEntry,
  otherwise: { default: string; folder: boolean },
): string {
  if (text === undefined) checkMovable(otherwise.default);
  const before = text ?? `${made}${otherwise.folder ? 'there' : 'not there'}\n${otherwise.default}`;
  const parsed = parseToml(before);
  const certificates = [certificateFile(entry), ...strings(parsed['ca'])];
  const table = [
    '',
    `# >>> image-rescue ${entry.id}`,
    `[host."https://127.0.0.1:${entry.port}"]`,
    '  capabilities = ["pull", "resolve"]',
    `  ca = ${JSON.stringify(certificates)}`,
    // Whoever asks for another image is sent on to the registry; this bounds how long that may take (containerd 2.1 on).
    '  dial_timeout = "3s"',
    `# <<< image-rescue ${entry.id}`,
    '',
  ].join('\n');
  const at = endOfTopLevel(before);
  const after = `${before.slice(0, at)}${table}${before.slice(at)}`;
  checkSameMeaning(parsed, parseToml(after), entry);
  return after;
}

/** A hosts.toml without an entry. Undefined: nothing is left of a file that was not there before. */
export function removeEntry(text: string, id: string): string | undefined {
  const after = text.replace(entryPattern, (whole, found: string) => (found === id ? '' : whole));
  return after.startsWith(made) && routeEntries(after).length === 0 ? undefined : after;
}

/** Whether the folder of a file that we made goes with it. */
export function folderIsOurs(text: string): boolean {
  return text.startsWith(`${made}not there\n`);
}

/** Whether an entry is the last host that this file names before the registry itself. */
export function isLastHost(text: string, id: string): boolean {
  const hosts = Object.keys((parseToml(text)['host'] ?? {}) as object);
  const own = routeEntries(text).find((entry) => entry.id === id);
  return own !== undefined && hosts.at(-1) === `https://127.0.0.1:${own.port}`;
}

/** The base of the registry's own API as this file has it: `https://registry-1.docker.io/v2`. */
export function registryApi(text: string | undefined, registry: string): string {
  const { server, override_path } = text === undefined ? {} : parseToml(text);
  const usual = registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`;
  const named =
    typeof server === 'string' && server !== '' ? (server.startsWith('http') ? server : `https://${server}`) : usual;
  const base = named.replace(/\/+$/, '');
  const hasPath = new URL(base).pathname !== '/';
  if (override_path === true && hasPath) return base;
  return base.endsWith('/v2') ? base : `${base}/v2`;
}

/** Before the first table, an entry of ours included: a table put first would swallow the top-level keys that follow it. */
function endOfTopLevel(text: string): number {
  const found = /\n# >>> image-rescue |^[ \t]*\[/m.exec(text);
  return found?.index ?? text.length;
}

function checkSameMeaning(before: Record<string, unknown>, after: Record<string, unknown>, entry: RouteEntry): void {
  const hosts = { ...(after['host'] as Record<string, unknown> | undefined) };
  delete hosts[`https://127.0.0.1:${entry.port}`];
  const { host: _, ...rest } = after;
  const without = Object.keys(hosts).length === 0 && before['host'] === undefined ? rest : { ...rest, host: hosts };
  if (!isDeepStrictEqual(plain(without), plain(before)))
    throw new RouteRefused('hosts.toml is written in a way that leaves no place for a host of ours');
}

/** What stands in `_default` may move to another folder only if no path in it is relative to its own. */
function checkMovable(text: string): void {
  const { host, ...top } = parseToml(text);
  const tables = [top, ...Object.values((host ?? {}) as Record<string, Record<string, unknown>>)];
  const files = tables.flatMap((table) => [...strings(table['ca']), ...strings(table['client'])]);
  if (files.some((file) => !file.startsWith('/')))
    throw new RouteRefused('_default/hosts.toml names certificate files by relative paths');
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    throw new RouteRefused('hosts.toml is not valid TOML', { cause });
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** All strings in a value that may be one, a list, or a list of pairs. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.flatMap(strings) : [];
}
