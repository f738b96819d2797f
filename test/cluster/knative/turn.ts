import { once } from 'node:events';
import { createServer } from 'node:net';
import { waitFor } from '../wait-for.ts';

/** As long as another test's Knative may take. */
const patienceMs = 600_000;

/**
 * Waits for this process's turn to run Knative: the channel dispatcher's ports are fixed, so one can run on a machine.
 * The lock is an abstract socket, which the kernel frees when its process ends. Returns what ends the turn.
 */
export async function takeTurn(): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy());
  const mine = async () => {
    await once(server.listen('\0image-rescue-test-knative'), 'listening');
    return true;
  };
  await waitFor('the turn to run Knative', mine, patienceMs);
  server.unref();
  return async () => {
    await once(server.close(), 'close');
  };
}
