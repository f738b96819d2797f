/** A user of a mirror. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The credentials for a repository at a mirror, or undefined. */
export type Keyring = (host: string, repository: string) => Credentials | undefined;

interface Entry extends Credentials {
  readonly host: string;
  readonly path: string;
}

/**
 * Reads a dockerconfigjson (kubernetes.io/dockerconfigjson): keys are hosts, in any of the spellings that clients write,
 * perhaps with a path; of several that fit the longest path counts. What is wrong is said without a word of its content.
 */
export function readKeyring(text: string): Keyring | { problem: string } {
  const auths = authsOf(text);
  if (auths === undefined) return { problem: 'its .dockerconfigjson is no JSON object with auths' };
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(auths)) {
    const credentials = credentialsOf(value);
    const [, address] = /^(?:https?:\/\/)?(.*?)\/*$/i.exec(key) ?? [];
    if (credentials === undefined || !address) continue;
    const [host = '', ...path] = address.replace(/\/v[12]$/, '').split('/');
    entries.push({ ...credentials, host: usualHost(host), path: path.join('/') });
  }
  if (entries.length === 0)
    return { problem: 'no entry of its .dockerconfigjson has a username and a password (or both in auth)' };
  entries.sort((one, other) => other.path.length - one.path.length);
  return (host, repository) =>
    entries.find(
      (entry) => entry.host === usualHost(host) && `${repository}/`.startsWith(entry.path && `${entry.path}/`),
    );
}

function authsOf(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const auths = isObject(parsed) ? parsed['auths'] : undefined;
    return isObject(auths) ? auths : undefined;
  } catch {
    // The error quotes what it could not read.
    return undefined;
  }
}

function credentialsOf(entry: unknown): Credentials | undefined {
  if (!isObject(entry)) return undefined;
  const { username, password, auth } = entry;
  if (typeof username === 'string' && typeof password === 'string' && username !== '' && password !== '')
    return { username, password };
  const plain = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString() : '';
  const colon = plain.indexOf(':');
  return colon < 1 || colon === plain.length - 1
    ? undefined
    : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

function usualHost(host: string): string {
  return host.toLowerCase().replace(/:(443|80)$/, '');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The Authorization header of HTTP's Basic scheme (RFC 7617). */
export function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Takes secrets out of a text: whoever was given them may have repeated them. */
export function without(secrets: Iterable<string>, text: string): string {
  let shown = text;
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '…');
  return shown;
}
