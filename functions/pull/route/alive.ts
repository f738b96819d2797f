import { connect } from 'node:tls';

const patience = 1_000;

/**
 * Whether something on this port of 127.0.0.1 holds the key of this certificate (PEM): the process that made it lives.
 * Silence counts as life: a busy owner must not lose its route.
 */
export function answersAs(port: number, certificate: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: [certificate], timeout: patience });
    const done = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('secureConnect', () => done(socket.authorized));
    socket.once('timeout', () => done(true));
    socket.once('error', () => done(false));
  });
}
