import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Identity } from './certificate.ts';
import { type Content, NoMirror } from './content.ts';
import { isDigest } from './digest.ts';

/** What a loopback registry serves, and under which name. */
export interface Served {
  /** Repository as it is asked for. */
  readonly repository: string;
  /** Tag or digest of the image that is being rescued. */
  readonly reference: string;
  readonly content: Content;
  /**
   * Where whoever asks for anything else is sent: the base of the registry's own API, `https://registry-1.docker.io/v2`;
   * undefined where another host of the same file is to be asked. Absent: nothing else exists.
   */
  readonly elsewhere?: () => Promise<string | undefined>;
}

const paths = /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;

/**
 * Answers the pull side of the OCI distribution API for one image and nothing else. It never challenges: containerd
 * would offer a pod's imagePullSecrets to whoever answers 401.
 */
export async function answer(
  served: Served,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405);
  if (path === '/v2/' || path === '/v2') return end(response, 200);
  const { repository, kind, reference = '' } = paths.exec(path)?.groups ?? {};
  const ours =
    repository === served.repository &&
    (isDigest(reference) || (kind === 'manifests' && reference === served.reference));
  if (!ours) return await goElsewhere(served, path, response);
  try {
    if (kind === 'manifests') await sendManifest(served, reference, request, response);
    else await sendBlob(served.content, reference, request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (error instanceof NoMirror) await goElsewhere(served, path, response);
    else end(response, 502);
  }
}

async function sendManifest(
  { content, reference: rescued }: Served,
  reference: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
) {
  const { body, mediaType, digest } =
    reference === rescued ? await content.resolve() : await content.manifest(reference);
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': body.length,
    'docker-content-digest': digest,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function sendBlob(
  content: Content,
  digest: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const { size, bytes, close } = await content.blob(digest, start);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  // Node then fails on a byte too many or too few, in place of sending it.
  response.strictContentLength = true;
  response.writeHead(first === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'docker-content-digest': digest,
    ...(first !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  try {
    if (request.method === 'HEAD') response.end();
    else await pipeline(Readable.from(last ? upTo(bytes, end - start + 1) : bytes), response);
  } finally {
    close();
  }
}

/**
 * An image of that registry that is not being rescued: the runtime is sent to the registry itself, so that it gets what
 * it would have got without us, the error's own words included. (Any answer of ours would take the place of the
 * registry's: containerd keeps the first error, and one with a status before one without.) Where the file names another
 * host, be it another rescue's or the operator's, that one has to be asked, and a connection that ends without an answer
 * sends the runtime there at once.
 */
async function goElsewhere({ elsewhere }: Served, path: string, response: http.ServerResponse): Promise<void> {
  if (elsewhere === undefined) return end(response, 404);
  const registry = await elsewhere().catch(() => undefined);
  if (registry === undefined) response.destroy();
  else response.writeHead(307, { location: `${registry}${path.slice('/v2'.length)}` }).end();
}

function end(response: http.ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

async function* upTo(bytes: AsyncIterable<Uint8Array>, most: number): AsyncIterable<Uint8Array> {
  let left = most;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/** A listener on a free port of 127.0.0.1; with an identity over TLS. */
export interface Listener {
  readonly port: number;
  close(): void;
}

export async function listen(handler: http.RequestListener, identity?: Identity): Promise<Listener> {
  const server = identity
    ? https.createServer(
        { key: identity.key.export({ type: 'pkcs8', format: 'pem' }), cert: identity.certificate },
        handler,
      )
    : http.createServer(handler);
  // containerd keeps idle connections; none may hold us up at the end.
  server.keepAliveTimeout = 5_000;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
