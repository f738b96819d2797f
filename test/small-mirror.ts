import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { after } from 'node:test';
import type { Identity } from '../functions/pull/registry/certificate.ts';
import type { Task } from '../shared/pulls/task.ts';

export type Serve = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const open: http.Server[] = [];
after(() => {
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server on loopback that ends with the test file, and what it was asked. With an identity over TLS. */
export async function smallMirror(
  serve: Serve,
  identity?: Identity,
): Promise<{
  address: string;
  requests: { url: string; headers: http.IncomingHttpHeaders }[];
  close(): void;
  sockets: Set<Socket>;
}> {
  const requests: { url: string; headers: http.IncomingHttpHeaders }[] = [];
  const sockets = new Set<Socket>();
  const listener: Serve = (request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    sockets.add(request.socket);
    serve(request, response);
  };
  const server = identity
    ? https.createServer(
        { key: identity.key.export({ type: 'pkcs8', format: 'pem' }), cert: identity.certificate },
        listener,
      )
    : http.createServer(listener);
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    address: `127.0.0.1:${address.port}`,
    requests,
    sockets,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Answers with a status, a body and headers. */
export const answers =
  (status: number, body: string | Buffer = '', headers: http.OutgoingHttpHeaders = {}): Serve =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/** A task for `r.example/x:1` at mirrors without TLS. */
export function aTask(hosts: readonly string[], more: Partial<Task> = {}): Task {
  return {
    image: 'r.example/x:1',
    registry: 'r.example',
    repository: 'x',
    reference: '1',
    mirrors: hosts.map((host) => ({ scheme: 'http' as const, host, repository: 'x' })),
    verifyDigest: 'pinned',
    socket: '',
    routeHold: 0,
    deadline: 1,
    ...more,
  };
}
