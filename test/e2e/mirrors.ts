import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface RecordingMirror {
  /** "127.0.0.1:PORT". */
  readonly address: string;
  requests(): readonly RecordedRequest[];
  close(): void;
}

/**
 * Stands in front of a registry and keeps what it is asked, headers included.
 *
 * @param lies for which URLs it changes a byte of what the registry serves
 * @param open whether it serves at all just now; otherwise 404
 */
export async function recordingMirror(
  registry: string,
  lies: (url: string) => boolean = () => false,
  open: () => boolean = () => true,
): Promise<RecordingMirror> {
  const seen: RecordedRequest[] = [];
  const server = http.createServer((asked, answer) => {
    const { method = '', url = '', headers } = asked;
    seen.push({ method, url, headers });
    if (!open()) return void answer.writeHead(404).end();
    const [host, port] = registry.split(':');
    const sent = http.request({ host, port, method, path: url, headers: { ...headers, host: registry } }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      const lie =
        lies(url) &&
        got.statusCode === 200 &&
        (url.includes('/blobs/') || url.includes('@') || url.includes('sha256:'));
      let first = true;
      got.on('data', (chunk: Buffer) => {
        if (lie && first) chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1;
        first = false;
        answer.write(chunk);
      });
      got.on('end', () => answer.end());
    });
    sent.on('error', () => answer.writeHead(502).end());
    sent.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => seen,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Stands in front of a registry; of the layers that `endless` names it sends a first byte and then nothing. */
export async function endlessMirror(
  registry: string,
  endless: (url: string) => boolean,
): Promise<Pick<RecordingMirror, 'address' | 'close'>> {
  const server = http.createServer((asked, answer) => {
    const { method = '', url = '', headers } = asked;
    const [host, port] = registry.split(':');
    const sent = http.request({ host, port, method, path: url, headers: { ...headers, host: registry } }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      if (!endless(url) || !url.includes('/blobs/')) return void got.pipe(answer);
      got.once('data', (chunk: Buffer) => answer.write(chunk.subarray(0, 1)));
    });
    sent.on('error', () => answer.writeHead(502).end());
    sent.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
