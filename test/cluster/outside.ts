import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

/** How the outside answers: refuses at once, fails after 25 s, or accepts and never answers. */
export type OutsideMode = 'refuse' | 'slow' | 'hang';

export interface Outside {
  /** The proxy that the container runtime has to use for everything but loopback. */
  url: string;
  /** For one host name, or the default for all. Holds for requests that come later. */
  set(mode: OutsideMode, host?: string): void;
  /** What was asked of the outside: the host without port, and when (milliseconds since 1970). */
  requests(): { host: string; time: number }[];
  close(): Promise<void>;
}

const slowMs = 25_000;

/** The edge of the test's world: an HTTP proxy on loopback that passes nothing on. */
export async function startOutside(): Promise<Outside> {
  const modes = new Map<string, OutsideMode>();
  const seen: { host: string; time: number }[] = [];
  const open = new Set<Duplex>();
  let other: OutsideMode = 'refuse';

  const fail = (host: string, connection: Duplex) => {
    seen.push({ host, time: Date.now() });
    const mode = modes.get(host) ?? other;
    if (mode === 'hang') return;
    const answer = () => connection.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    if (mode === 'refuse') answer();
    else setTimeout(answer, slowMs).unref();
  };
  const server = createServer((request, response) => {
    const host = URL.canParse(request.url ?? '') ? new URL(request.url ?? '').hostname : (request.headers.host ?? '');
    const connection = response.socket;
    if (connection !== null) fail(host, connection);
  });
  server.on('connect', (request, connection) => fail((request.url ?? '').replace(/:\d+$/, ''), connection));
  server.on('connection', (connection) => {
    open.add(connection);
    connection.on('close', () => open.delete(connection)).on('error', () => undefined);
    connection.unref();
  });
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the outside has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    set: (mode, host) => {
      if (host === undefined) other = mode;
      else modes.set(host, mode);
    },
    requests: () => [...seen],
    close: async () => {
      const closed = once(server.close(), 'close');
      for (const connection of open) connection.destroy();
      await closed;
    },
  };
}
