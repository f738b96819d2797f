/** An image reference in its full form: what the kubelet calls `nginx` is `docker.io` / `library/nginx` : `latest` here. */
export interface ImageReference {
  /** Host, with its port if it names one: `docker.io`, `quay.io`, `harbor.corp:8443`. */
  readonly registry: string;
  /** Path below the registry: `library/nginx`. */
  readonly repository: string;
  /** Absent only where a digest stands alone. */
  readonly tag?: string;
  /** `sha256:…`; where both are there, the digest decides and the tag is decoration. */
  readonly digest?: string;
}

const host =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const repositoryPath = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
/** The algorithms that runtimes know (opencontainers/go-digest). */
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
/** Without a registry in front it could be an image's ID, and so is neither. */
const idPattern = /^[0-9a-f]{64}$/;
/** Characters of a path (distribution/reference, RepositoryNameTotalLengthMax). */
const longestPath = 255;

/**
 * Parses an image reference by the distribution grammar (github.com/distribution/reference, ParseDockerRef),
 * with the defaults that every container runtime applies: docker.io, `library/`, `latest`.
 *
 * @returns the reference, or undefined where it is none
 */
export function parseReference(text: string): ImageReference | undefined {
  if (idPattern.test(text)) return undefined;
  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!digestPattern.test(digest)) return undefined;
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!tagPattern.test(tag)) return undefined;
  }
  const { registry, path } = splitRegistry(rest);
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!host.test(registry) || !repositoryPath.test(repository)) return undefined;
  if (repository.length > longestPath) return undefined;
  if (tag === undefined && digest === undefined) tag = 'latest';
  return { registry, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** Whether this may be a repository's path, or the beginning of one. */
export function isRepository(path: string): boolean {
  return repositoryPath.test(path);
}

/** The first segment is a host only if it looks like one: a dot, a port, `localhost`, or a capital letter. */
function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  if (slash < 0 || !(/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())) {
    return { registry: 'docker.io', path: name };
  }
  return { registry: first === 'index.docker.io' ? 'docker.io' : first, path: name.slice(slash + 1) };
}

/**
 * The one spelling of a reference that a container runtime keeps as its image record: a tag beside a digest is dropped
 * (containerd's ParseDockerRef), so `x`, `docker.io/x:latest` and `docker.io/library/x:latest` are one image.
 */
export function imageName(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}${versionSuffix(reference)}`;
}

/** The full name of the image that a text names, or undefined where it names none. */
export function fullName(text: string): string | undefined {
  const reference = parseReference(text);
  return reference && imageName(reference);
}

/** `:tag` or `@sha256:…`, whichever decides. */
export function versionSuffix(reference: ImageReference): string {
  return reference.digest === undefined ? `:${reference.tag}` : `@${reference.digest}`;
}

/** What the registry API is asked for: the digest where there is one, else the tag. */
export function manifestReference(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}
