import { isIP } from 'node:net';
import { isLoopback, type Mirror, type MirrorAddress, mirrorAddresses } from './mirrors.ts';
import type { ImageReference } from './reference.ts';

/** Which images may be asked of which mirrors; see the variables of the same names. */
export interface ImageRules {
  readonly mirrors: readonly Mirror[];
  /** Registries whose images prefix mirrors may be asked for; `*` for all. */
  readonly mirrorRegistries: readonly string[];
  /** Registries whose images never leave: `corp.example`, `*.corp.example`, `harbor.corp:8443`. */
  readonly neverRegistries: readonly string[];
}

/** Public registries that mirrors commonly serve; the default of MIRROR_REGISTRIES. */
export const publicRegistries = [
  'docker.io',
  'gcr.io',
  'ghcr.io',
  'k8s.gcr.io',
  'registry.k8s.io',
  'mcr.microsoft.com',
  'nvcr.io',
  'quay.io',
  'docker.elastic.co',
  'public.ecr.aws',
] as const;

/**
 * Where an image may be asked for, or why nowhere. Naming an image to a mirror tells the mirror's owner that it exists,
 * so whatever looks internal is refused before any mirror is contacted.
 */
export function askableMirrors(image: ImageReference, rules: ImageRules): MirrorAddress[] | { refused: string } {
  // To DNS, and so to everybody, capitals make no difference.
  const registry = image.registry.toLowerCase();
  if (isInternal(registry))
    return { refused: `${registry} is an internal registry, and internal images are never asked of a mirror` };
  if (rules.neverRegistries.some((pattern) => matchesRegistry(registry, pattern))) {
    return { refused: `${registry} is named in NO_PROXY_DOCKER_DOMAIN` };
  }
  if (rules.mirrors.some((mirror) => mirror.host === registry)) return { refused: `${registry} is itself a mirror` };
  const open = rules.mirrorRegistries.some((pattern) => pattern === '*' || matchesRegistry(registry, pattern));
  const addresses = mirrorAddresses(
    image,
    open ? rules.mirrors : rules.mirrors.filter((mirror) => mirror.registry !== undefined),
  );
  if (addresses.length > 0) return addresses;
  return open
    ? { refused: `no mirror in DOCKER_PROXY_URL serves ${registry}` }
    : { refused: `${registry} is not in MIRROR_REGISTRIES; add it there if your mirrors may be asked for its images` };
}

/** `corp.example` is that host on any port, `corp.example:5000` on that one, `*.corp.example` every host below. */
function matchesRegistry(registry: string, pattern: string): boolean {
  const candidates = pattern.includes(':') ? [registry] : [registry, hostname(registry)];
  return candidates.some((name) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern));
}

function hostname(registry: string): string {
  return registry.replace(/:\d+$/, '');
}

function isInternal(registry: string): boolean {
  const name = hostname(registry).toLowerCase();
  if (isLoopback(name) || /\.(svc|local|localhost|internal)$/.test(name) || /\.svc\./.test(name)) return true;
  if (!/[.:]/.test(name)) return true;
  if (name.startsWith('[')) return true;
  return (
    isIP(name) === 4 &&
    /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.)/.test(name)
  );
}
