import { type Mirror, type MirrorAddress, mirrorAddresses } from './mirrors.ts';
import { addressIn, placeOf } from './place.ts';
import { tooFewForQuorum } from './quorum.ts';
import type { ImageReference } from './reference.ts';

/** Which images may be asked of which mirrors; see the variables of the same names. */
export interface ImageRules {
  readonly mirrors: readonly Mirror[];
  /** Registries whose images prefix mirrors may be asked for; `*` for all. */
  readonly mirrorRegistries: readonly string[];
  /** Registries whose images never leave: `corp.example`, `*.corp.example`, `harbor.corp:8443`; `*` for all. */
  readonly neverRegistries: readonly string[];
  /** `quorum`: two mirrors must agree on what a tag means. */
  readonly verifyDigest: 'pinned' | 'quorum';
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
  if (rules.mirrors.some((mirror) => withoutUsualPort(mirror.host) === withoutUsualPort(registry)))
    return { refused: `${registry} is itself a mirror; mend it, or name the image's own registry in the workload` };
  const open = rules.mirrorRegistries.some((pattern) => matchesRegistry(registry, pattern));
  const addresses = mirrorAddresses(
    image,
    open ? rules.mirrors : rules.mirrors.filter((mirror) => mirror.registry !== undefined),
  );
  const tooFew =
    addresses.length > 0 && rules.verifyDigest === 'quorum' ? tooFewForQuorum(image, addresses) : undefined;
  if (tooFew !== undefined) return { refused: tooFew };
  if (addresses.length > 0) return addresses;
  return open
    ? { refused: `no mirror in DOCKER_PROXY_URL serves ${registry}; add one there` }
    : { refused: `${registry} is not in MIRROR_REGISTRIES; add it there if your mirrors may be asked for its images` };
}

/**
 * `corp.example` is that host on any port, `corp.example:5000` on that one; `*.corp.example`, or `.corp.example` as other
 * programs write it, is every host below.
 */
function matchesRegistry(registry: string, pattern: string): boolean {
  if (pattern === '*') return true;
  const wanted = pattern.replace(/\.(?=$|:\d+$)/, '').replace(/^index\.docker\.io\b/, 'docker.io');
  const name = hasPort(wanted) ? withPort(registry) : hostname(registry);
  const below = wanted.replace(/^\*/, '');
  return below.startsWith('.') ? name.endsWith(below) : name === wanted;
}

function hostname(registry: string): string {
  return registry.replace(/:\d+$/, '');
}

function hasPort(registry: string): boolean {
  return hostname(registry) !== registry;
}

/** A registry that names no port is asked on this one. */
function withPort(registry: string): string {
  return hasPort(registry) ? registry : `${registry}:443`;
}

/** `m.example` and `m.example:443` are one mirror, though to a runtime they are two registries. */
function withoutUsualPort(host: string): string {
  return host.replace(/:(443|80)$/, '');
}

function isInternal(registry: string): boolean {
  const name = hostname(registry);
  if (name === 'localhost' || /\.(svc|local|localhost|internal)$/.test(name) || /\.svc\./.test(name)) return true;
  // What only looks like an address, 1.2.3.4.5, is nobody's public name.
  if (!/[.:]/.test(name) || !URL.canParse(`http://${name}`)) return true;
  const address = addressIn(name);
  return address !== undefined && placeOf(address) !== 'public';
}
