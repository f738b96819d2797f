import type { IncomingMessage } from 'node:http';
import { hashLike } from './digest.ts';
import type { MirrorClient } from './mirror.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';

export interface Manifest {
  readonly body: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** The distribution spec's own recommendation, and containerd's limit. */
const largestManifest = 4 * 1024 * 1024;

/** A manifest by tag or digest, its digest checked. Throws MirrorRefusal. */
export async function fetchManifest(mirror: MirrorClient, reference: string): Promise<Manifest> {
  const response = await mirror.get(`manifests/${reference}`, { accept: manifestTypes });
  const { headers } = response;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    response.destroy();
    throw new MirrorRefusal('sent a manifest in an encoding that was not asked for', 'wrong');
  }
  const body = await whole(response, largestManifest);
  const promised = reference.includes(':') ? reference : String(headers['docker-content-digest'] ?? '');
  const { hash, result } = hashLike(promised);
  hash.update(body);
  const digest = result();
  if (promised !== '' && promised !== digest) {
    const problem = `served other bytes than its digest says: ${oneLine(promised)} was asked for, ${digest} came`;
    throw new MirrorRefusal(problem, 'wrong');
  }
  const mediaType = headers['content-type'] ?? 'application/vnd.oci.image.manifest.v1+json';
  return { body, mediaType, digest };
}

async function whole(response: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > most) throw new MirrorRefusal(`its manifest is larger than ${most} bytes`, 'wrong');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof MirrorRefusal) throw error;
    const tooSlow = error instanceof Error && error.name === 'AbortError';
    if (tooSlow) throw new MirrorRefusal('took too long to send a manifest', 'slow', { cause: error });
    throw new MirrorRefusal('broke off in the middle of a manifest', 'down', { cause: error });
  }
  return Buffer.concat(chunks);
}
