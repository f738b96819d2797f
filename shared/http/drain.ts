import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets a server end without cutting anybody off: it takes no new connection, answers what is under way, and keeps no
 * connection, neither those of the answers nor one that has never asked anything (which `closeIdleConnections` spares).
 *
 * @returns begins it; `done` is called when the last connection has ended
 */
export function makeDrain(server: Server): (done: () => void) => void {
  const sockets = new Set<Socket>();
  const underWay = new Map<Socket, ServerResponse>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    if (!server.listening) response.shouldKeepAlive = false;
    underWay.set(socket, response);
    response.once('close', () => underWay.get(socket) === response && underWay.delete(socket));
  });
  return (done) => {
    server.close(done);
    for (const socket of sockets) {
      const response = underWay.get(socket);
      if (response === undefined) socket.destroy();
      else response.shouldKeepAlive = false;
    }
  };
}
