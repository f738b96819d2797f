import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pullNamespaceObject } from '../../shared/pulls/prepare.ts';
import { KubeError } from '../cluster/kube.ts';
import { type Bed, pullNamespace } from './bed.ts';
import { type Front, front } from './mirrors.ts';

export const user = 'robot';
/** What must be found nowhere. */
export const password = 'canary-of-the-mirrors-secret';
/** That password's line in a htpasswd file (bcrypt, the only kind that docker-registry takes). */
export const htpasswd = `${user}:$2b$04$3o4jgettv1wX0o42.u88Eu317XXsk3vMTKLRffK.vAJBNK8N0y6SC\n`;

/** A real docker-registry that asks everybody for a password, with the images of the bed's mirror. */
export interface PrivateMirror extends Front {
  /** Requests for a repository, and how many of them brought credentials. */
  asked(repository: string): { all: number; withCredentials: number };
}

let started = 0;

/** `more` is done to its requests before it gets them. */
export async function startPrivateMirror(bed: Bed): Promise<PrivateMirror> {
  const file = path.join(bed.cluster.folder, 'htpasswd');
  await writeFile(file, htpasswd);
  started += 1;
  const registry = await bed.cluster.startRegistry(`private-${started}`, {
    imagesOf: 'mirror',
    auth: { htpasswd: { realm: 'the tests', path: file } },
  });
  const before = await front(registry.address, (_, __, pass) => pass());
  return {
    ...before,
    asked: (repository) => {
      const requests = before.requests().filter(({ url }) => url.startsWith(`/v2/${repository}/`));
      const withCredentials = requests.filter(({ headers }) => headers.authorization !== undefined).length;
      return { all: requests.length, withCredentials };
    },
  };
}

/** Makes a dockerconfigjson Secret; returns its name. `text` in place of one with the password for these hosts. */
export async function makeSecret(
  { cluster: { kube } }: Bed,
  { hosts = [], text, namespace = pullNamespace }: { hosts?: string[]; text?: string; namespace?: string },
): Promise<string> {
  await kube.post('/api/v1/namespaces', pullNamespaceObject(namespace)).catch((error: unknown) => {
    if (!(error instanceof KubeError && error.status === 409)) throw error;
  });
  const name = `mirror-${randomBytes(4).toString('hex')}`;
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  const config = text ?? JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth }])) });
  await kube.post(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name },
    type: text === undefined ? 'kubernetes.io/dockerconfigjson' : 'Opaque',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  });
  return name;
}
