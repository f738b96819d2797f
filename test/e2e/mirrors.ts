import { once } from 'node:events';
import http from 'node:http';

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface Front {
  /** "127.0.0.1:PORT". */
  readonly address: string;
  requests(): readonly RecordedRequest[];
  close(): void;
}

/** Sends what the registry answers on, its status and headers being sent already. */
type Send = (got: http.IncomingMessage, answer: http.ServerResponse) => void;

/** Does something of its own with a request, or has the registry answer it. */
export type Behave = (asked: http.IncomingMessage, answer: http.ServerResponse, pass: (send?: Send) => void) => void;

/** Stands in front of a registry, keeps what it is asked, headers included, and behaves as it is told. */
export async function front(registry: string, behave: Behave, host = '127.0.0.1'): Promise<Front> {
  const seen: RecordedRequest[] = [];
  const [registryHost, port] = registry.split(':');
  const server = http.createServer((asked, answer) => {
    const { method = '', url = '', headers } = asked;
    seen.push({ method, url, headers });
    behave(asked, answer, (send = (got) => void got.pipe(answer)) => {
      const options = { host: registryHost, port, method, path: url, headers: { ...headers, host: registry } };
      const sent = http.request(options, (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        send(got, answer);
      });
      sent.on('error', () => answer.writeHead(502).end());
      sent.end();
    });
  });
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a front without a port');
  return {
    address: `${host}:${address.port}`,
    requests: () => seen,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * @param lies for which URLs it changes a byte of what the registry serves by digest
 * @param open whether it serves at all just now; otherwise 404
 */
export function recordingMirror(
  registry: string,
  lies: (url: string) => boolean = () => false,
  open: () => boolean = () => true,
): Promise<Front> {
  return front(registry, (asked, closed, pass) => {
    if (!open()) return void closed.writeHead(404).end();
    pass((got, answer) => {
      const url = asked.url ?? '';
      const lie = lies(url) && got.statusCode === 200 && (url.includes('/blobs/') || url.includes('sha256:'));
      let first = true;
      got.on('data', (chunk: Buffer) => {
        if (lie && first) chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1;
        first = false;
        answer.write(chunk);
      });
      got.on('end', () => answer.end());
    });
  });
}

/** Of the layers that `endless` names it sends a first byte and then nothing. */
export function endlessMirror(registry: string, endless: (url: string) => boolean): Promise<Front> {
  return front(registry, (asked, _, pass) => {
    const { url = '' } = asked;
    if (!endless(url) || !url.includes('/blobs/')) pass();
    else pass((got, answer) => void got.once('data', (chunk: Buffer) => answer.write(chunk.subarray(0, 1))));
  });
}

/** Cuts every layer that is asked for from its beginning after so many bytes; whoever asks for the rest gets it. */
export function cuttingMirror(registry: string, after: number): Promise<Front> {
  return front(registry, ({ url = '', headers }, _, pass) => {
    if (!url.includes('/blobs/') || headers.range !== undefined) return pass();
    pass((got, answer) => {
      let sent = 0;
      got.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, after - sent);
        sent += part.length;
        const isCut = part.length < chunk.length;
        if (part.length > 0) answer.write(part, () => void (isCut && answer.destroy()));
      });
      got.on('end', () => answer.end());
    });
  });
}

/** Answers everything in this way. */
export function stubbornMirror(
  status: number,
  headers: http.OutgoingHttpHeaders,
  body = '',
  host?: string,
): Promise<Front> {
  return front('', (_, answer) => void answer.writeHead(status, headers).end(body), host);
}
