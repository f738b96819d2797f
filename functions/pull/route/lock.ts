import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any holder needs; whoever holds it longer is not one of us. Milliseconds. */
const patience = 10_000;
const retryAfter = 5;

/**
 * Runs one thing at a time per name among all processes of this network namespace; pull pods share the node's. The lock
 * is an abstract Unix socket (Linux): the kernel frees it when its process ends, however it ends, which no file does.
 */
export async function withLock<T>(name: string, run: () => Promise<T>): Promise<T> {
  const address = `\0image-rescue-${createHash('sha256').update(name).digest('hex')}`;
  const deadline = Date.now() + patience;
  let held = await take(address);
  while (held === undefined) {
    if (Date.now() > deadline) throw new Error(`somebody holds the lock of ${name} for more than ${patience / 1000} s`);
    await sleep(retryAfter);
    held = await take(address);
  }
  const server = held;
  try {
    return await run();
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}

function take(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}
