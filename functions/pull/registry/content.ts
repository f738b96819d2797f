import { createHash } from 'node:crypto';
import type { Task } from '../../../shared/pulls/task.ts';
import { type Blob, openBlob, wholeBlob } from './blob.ts';
import { type MirrorClient, mirrorClient } from './mirror.ts';
import { MirrorRefusal } from './refusal.ts';

export interface Manifest {
  readonly body: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** What the mirrors have of the one image that is being rescued; nothing in here asks for anything else. */
export interface Content {
  /** The manifest of the task's reference, from the first mirror that has it. Throws NoMirror. */
  resolve(): Promise<Manifest & { mirror: string }>;
  /** A manifest below it, by digest. Throws NoMirror. */
  manifest(digest: string): Promise<Manifest>;
  /** A blob from byte `start` on. Throws NoMirror. */
  blob(digest: string, start: number): Promise<Blob>;
  /** What each mirror said so far, in the order of the mirrors. */
  answers(): { mirror: string; answer: string }[];
}

/** No mirror served it. */
export class NoMirror extends Error {
  override name = 'NoMirror';
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** A mirror may break off a blob this often before it is given up. */
const mostBreaks = 2;
/** The distribution spec's own recommendation, and containerd's limit. */
const largestManifest = 4 * 1024 * 1024;

export function mirroredContent(task: Task): Content {
  let mirrors = task.mirrors.map(mirrorClient);
  const answers = new Map<string, string>();
  const manifests = new Map<string, Manifest>();
  let resolved: Promise<Manifest & { mirror: string }> | undefined;

  async function firstOf<T>(
    what: string,
    ask: (mirror: MirrorClient) => Promise<T>,
  ): Promise<{ got: T; mirror: MirrorClient }> {
    for (const mirror of mirrors) {
      try {
        return { got: await ask(mirror), mirror };
      } catch (error) {
        if (!(error instanceof MirrorRefusal)) throw error;
        answers.set(mirror.name, error.message);
      }
    }
    throw new NoMirror(`no mirror served ${what}`);
  }

  async function fetchManifest(mirror: MirrorClient, reference: string): Promise<Manifest> {
    const response = await mirror.get(`manifests/${reference}`, { accept: manifestTypes });
    const body = await whole(response, largestManifest);
    const digest = sha256(body);
    const promised = reference.includes(':') ? reference : (response.headers.get('docker-content-digest') ?? digest);
    if (promised !== digest)
      throw new MirrorRefusal(`served other bytes than its digest says: ${promised} was asked for, ${digest} came`);
    const mediaType = response.headers.get('content-type') ?? 'application/vnd.oci.image.manifest.v1+json';
    manifests.set(digest, { body, mediaType, digest });
    return { body, mediaType, digest };
  }

  return {
    resolve() {
      resolved ??= firstOf(task.image, (mirror) => fetchManifest(mirror, task.reference)).then(({ got, mirror }) => {
        answers.set(mirror.name, 'has it');
        // Who had the manifest is asked for the rest first.
        mirrors = [mirror, ...mirrors.filter((other) => other !== mirror)];
        return { ...got, mirror: mirror.name };
      });
      return resolved;
    },
    async manifest(digest) {
      return manifests.get(digest) ?? (await firstOf(digest, (mirror) => fetchManifest(mirror, digest))).got;
    },
    async blob(digest, start) {
      const open = (offset: number) => firstOf(digest, (mirror) => openBlob(mirror, digest, offset));
      const first = await open(start);
      const next = async (failed: MirrorClient, offset: number, problem: string) => {
        answers.set(failed.name, problem);
        // Whatever the reason, the next try goes elsewhere first.
        mirrors = [...mirrors.filter((other) => other !== failed), failed];
        return open(offset);
      };
      return { size: first.got.size, bytes: wholeBlob(digest, start, first, next, mostBreaks * mirrors.length) };
    },
    answers: () =>
      task.mirrors.flatMap(({ host }) => {
        const answer = answers.get(host);
        return answer === undefined ? [] : { mirror: host, answer };
      }),
  };
}

async function whole(response: Response, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > most) throw new MirrorRefusal(`its manifest is larger than ${most} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof MirrorRefusal) throw error;
    throw new MirrorRefusal('broke off in the middle of a manifest', { cause: error });
  }
  return Buffer.concat(chunks);
}

function sha256(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
