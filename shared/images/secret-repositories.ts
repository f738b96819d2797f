import { type ImageReference, parseReference } from './reference.ts';

/** The Secret with the mirrors' credentials, and the images for which the mirrors may be given them. */
export interface MirrorSecret {
  /** Its name, in PULL_NAMESPACE. */
  readonly name: string;
  /** `docker.io/team/app`, `docker.io/team/*` (all below it), `*`. */
  readonly repositories: readonly string[];
}

/** Whether a mirror may be given credentials for this image. */
export function mayNeedSecret(image: ImageReference, secret: MirrorSecret | undefined): boolean {
  const name = `${image.registry.toLowerCase()}/${image.repository}`;
  return (secret?.repositories ?? []).some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** A pattern in full, `docker.io/library/nginx` for `docker.io/nginx`; undefined where it is none. */
export function repositoryPattern(text: string): string | undefined {
  if (text === '*') return text;
  const [host = '', ...path] = text.toLowerCase().split('/');
  const last = path.pop() ?? '';
  if (!/[.:]/.test(host) || /[:@]/.test(last)) return undefined;
  // With a name in place of the star it has to be a repository.
  const below = last === '*';
  const reference = parseReference([host, ...path, below ? 'x/x' : last].join('/'));
  if (reference === undefined) return undefined;
  const { registry, repository } = reference;
  return `${registry}/${below ? repository.replace(/x\/x$/, '*') : repository}`;
}

/** The `imagePullSecrets` of a pod whose kubelet shall pull this image from a mirror. */
export function pullSecrets(
  image: ImageReference | undefined,
  secret: MirrorSecret | undefined,
): { imagePullSecrets?: { name: string }[] } {
  return image !== undefined && secret !== undefined && mayNeedSecret(image, secret)
    ? { imagePullSecrets: [{ name: secret.name }] }
    : {};
}
