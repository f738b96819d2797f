import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Files, tar } from './tar.ts';

/** An image of one layer. `compress: false` leaves the layer a plain tar (quicker for large ones). */
export interface Image {
  files: Files;
  entrypoint?: string[];
  cmd?: string[];
  env?: Record<string, string>;
  labels?: Record<string, string>;
  compress?: boolean;
}

/** Digests (`sha256:…`) of what was pushed. */
export interface Pushed {
  /** Of the manifest: what `name@digest` names. */
  digest: string;
  layerDigest: string;
  configDigest: string;
}

/**
 * Builds an OCI image for this machine's architecture and pushes it to `registry` ("host:port", plain HTTP).
 * Throws when the registry refuses.
 */
export async function pushImage(registry: string, repository: string, tag: string, image: Image): Promise<Pushed> {
  const base = `http://${registry}/v2/${repository}`;
  const plain = tar(image.files);
  const compress = image.compress ?? true;
  const layer = compress ? gzipSync(plain, { level: 1 }) : plain;
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Entrypoint: image.entrypoint,
      Cmd: image.cmd,
      Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...image.env }).map(([k, v]) => `${k}=${v}`),
      Labels: image.labels,
    },
    rootfs: { type: 'layers', diff_ids: [digestOf(plain)] },
  });
  const layerDigest = await pushBlob(base, layer);
  const configDigest = await pushBlob(base, config);
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = json({
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.length },
    layers: [
      {
        mediaType: `application/vnd.oci.image.layer.v1.tar${compress ? '+gzip' : ''}`,
        digest: layerDigest,
        size: layer.length,
      },
    ],
  });
  await expectStatus(201, `${base}/manifests/${tag}`, 'PUT', manifest, { 'content-type': type });
  return { digest: digestOf(manifest), layerDigest, configDigest };
}

/** Uploads in one PUT, as the distribution specification's "POST then PUT" does. Returns the digest. */
async function pushBlob(base: string, blob: Buffer): Promise<string> {
  const digest = digestOf(blob);
  const known = await fetch(`${base}/blobs/${digest}`, { method: 'HEAD' });
  if (known.ok) return digest;
  const begun = await expectStatus(202, `${base}/blobs/uploads/`, 'POST');
  const upload = new URL(begun.headers.get('location') ?? '', base);
  upload.searchParams.set('digest', digest);
  await expectStatus(201, upload.href, 'PUT', blob, { 'content-type': 'application/octet-stream' });
  return digest;
}

async function expectStatus(status: number, url: string, method: string, body?: Buffer, headers = {}) {
  const sent = body === undefined ? {} : { body: new Uint8Array(body.buffer, body.byteOffset, body.length).slice() };
  const answer = await fetch(url, { method, headers, ...sent });
  const words = await answer.text();
  if (answer.status !== status) throw new Error(`${method} ${url}: ${answer.status} ${words}`);
  return answer;
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const digestOf = (blob: Buffer) => `sha256:${createHash('sha256').update(blob).digest('hex')}`;
