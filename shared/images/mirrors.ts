import { addressIn, placeOf } from './place.ts';
import { type ImageReference, isRepository, versionSuffix } from './reference.ts';

/** A registry that serves another registry's images. */
export interface Mirror {
  /** `https`, or `http` where the variable says so or the mirror is on loopback. */
  readonly scheme: 'http' | 'https';
  /** Host with its port. */
  readonly host: string;
  /** Path in front of what is asked for, without slashes at its ends; may be empty. */
  readonly path: string;
  /** Host form: the one registry that this mirror stands for. Absent in prefix form, which takes the registry into the path. */
  readonly registry?: string;
}

/** Where one mirror has one image. */
export interface MirrorAddress {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** Repository at the mirror: `docker.io/library/nginx` in prefix form, `library/nginx` in host form. */
  readonly repository: string;
}

/**
 * Parses one entry of DOCKER_PROXY_URL: `m.daocloud.io` (prefix form), `docker.io=docker.m.daocloud.io` (host form).
 *
 * @returns the mirror, or what is wrong with the entry; userinfo is refused and never repeated in the answer
 */
export function parseMirror(entry: string): Mirror | string {
  const [left, right] = splitOnce(entry.trim(), '=');
  const registry = right === undefined ? undefined : left.toLowerCase().replace(/^index\.docker\.io$/, 'docker.io');
  const address = right ?? left;
  const scheme = /^([a-z]+):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    return `the scheme "${scheme}" is not http or https`;
  let url: URL;
  try {
    url = new URL(scheme === undefined ? `https://${address}` : address);
  } catch {
    return address.includes('@')
      ? 'is not a host with an optional port and path'
      : `"${address}" is not a host with an optional port and path`;
  }
  if (url.username !== '' || url.password !== '' || address.includes('@')) {
    return 'carries a user name or password, which do not belong into a variable that everybody can read; put them into a Secret and name it in MIRROR_PULL_SECRET';
  }
  if (url.search !== '' || url.hash !== '') return `"${address}" has a query or fragment`;
  if (registry !== undefined && !/^[a-z0-9.[\]:-]+$/.test(registry)) return `"${left}" is not a registry host`;
  const path = url.pathname.replace(/^\/+|\/+$/g, '');
  if (path !== '' && !isRepository(path)) return `"${path}" is not a path in front of an image's name`;
  const isHttp = scheme === 'http' || (scheme === undefined && isLoopback(url.hostname));
  return {
    scheme: isHttp ? 'http' : 'https',
    host: hostOf(url, address),
    path,
    ...(registry !== undefined && { registry }),
  };
}

/** URL drops a port that is its scheme's default, but to a runtime `host` and `host:443` are two names. */
function hostOf({ host, hostname, port }: URL, address: string): string {
  const [, dropped] = /^(?:[a-z]+:\/\/)?[^/]*(:(?:80|443))(?:\/|$)/i.exec(address) ?? [];
  // The grammar of references knows no dot at the end of a host.
  const name = hostname.replace(/\.$/, '');
  return port === '' ? `${name}${dropped ?? ''}` : host.replace(hostname, name);
}

/**
 * The mirrors that serve this image, in the operator's order. Empty: none does. A registry with a port has no place in a
 * repository's path (distribution grammar; crproxy knows dotted hosts only), so no mirror of prefix form serves it.
 */
export function mirrorAddresses(image: ImageReference, mirrors: readonly Mirror[]): MirrorAddress[] {
  // A path has no capitals.
  const registry = image.registry.toLowerCase();
  return mirrors
    .filter((mirror) => (mirror.registry === undefined ? !registry.includes(':') : mirror.registry === registry))
    .map((mirror) => {
      const below = mirror.registry === undefined ? `${registry}/${image.repository}` : image.repository;
      return {
        scheme: mirror.scheme,
        host: mirror.host,
        repository: mirror.path === '' ? below : `${mirror.path}/${below}`,
      };
    });
}

/** The reference by which a runtime pulls the image at the mirror: `m.daocloud.io/docker.io/library/nginx:1`. */
export function mirrorImage(address: MirrorAddress, image: ImageReference): string {
  return `${address.host}/${address.repository}${versionSuffix(image)}`;
}

/** Whether a host means this machine, however it is spelled. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || placeOf(addressIn(hostname) ?? '') === 'loopback';
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
