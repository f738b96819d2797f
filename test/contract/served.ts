import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import pino from 'pino';
import { mayConcern } from '../../functions/detect/decide.ts';
import type { Handler } from '../../shared/events/event.ts';
import { serve } from '../../shared/http/server.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves a handler as a function is served, until the tests of the file have ended. Returns its port. */
export async function served(handler: Handler | Promise<Handler>): Promise<number> {
  const server = await serve(handler, { port: 0, log: pino({ level: 'silent' }), mayConcern });
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

/** A small event in binary mode that detect has to parse. */
export const binary = {
  headers: {
    'ce-id': '1',
    'ce-type': 't',
    'ce-source': 's',
    'ce-specversion': '1.0',
    'content-type': 'application/json',
  },
  body: '"ErrImagePull"',
};

export function post(
  port: number,
  request: { headers: Record<string, string>; body: string | Uint8Array<ArrayBuffer> },
) {
  return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', ...request });
}
