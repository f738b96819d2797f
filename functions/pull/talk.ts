import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorAnswer } from '../../shared/pulls/result.ts';

/**
 * What the pull container asks of the registry container, over a Unix socket in a folder that only the two share: one
 * JSON line asks, one answers. The connection lives as long as the pull does, so its end tells of a crash.
 */
export interface RegistrySide {
  /** Looks for the image at the mirrors. */
  find(): Promise<{ mirror: string; digest: string; credentials?: true } | { error: string }>;
  /**
   * Prepares to see whether the runtime reads the host configuration folder: pulling this image, which exists nowhere,
   * asks the registry container if it does. An error says why no route can be had.
   */
  probe(): Promise<{ image: string } | { error: string }>;
  /** Whether the probe's pull arrived; the probe is gone afterwards. */
  probed(): Promise<{ arrived: boolean }>;
  /** Puts the route up. */
  route(): Promise<{ error?: string }>;
  /** Listens without TLS for a pull under a loopback name: host and port, then the registry, are the name's beginning. */
  plain(): Promise<{ host: string }>;
  /** What each mirror said so far. */
  answers(): Promise<MirrorAnswer[]>;
  /** The pull has ended; a route is held or taken down. `secret`: what is wrong with the Secret for the mirrors. */
  done(how: { hold: boolean }): Promise<{ secret?: string }>;
}

const methods = ['find', 'probe', 'probed', 'route', 'plain', 'answers', 'done'] as const;

/** Serves one conversation. `begun` resolves when the other side is there, `ended` when it is gone. */
export async function serveTalk(
  path: string,
  side: RegistrySide,
): Promise<{ begun: Promise<void>; ended: Promise<void>; hasBegun(): boolean }> {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let hasBegun = false;
  const server = createServer((socket) => {
    server.close();
    hasBegun = true;
    begun.resolve();
    socket.once('close', () => ended.resolve());
    socket.on('error', () => undefined);
    createInterface(socket).on('line', (line) => void answerLine(socket, side, line));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return { begun: begun.promise, ended: ended.promise, hasBegun: () => hasBegun };
}

async function answerLine(socket: Socket, side: RegistrySide, line: string): Promise<void> {
  const { id, method, argument } = JSON.parse(line) as {
    id: number;
    method: (typeof methods)[number];
    argument: never;
  };
  try {
    socket.write(`${JSON.stringify({ id, answer: await side[method](argument) })}\n`);
  } catch (error) {
    socket.write(`${JSON.stringify({ id, failed: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

/** Begins the conversation; the other container may still be starting. Throws after `patience` milliseconds. */
export async function talkTo(path: string, patience: number): Promise<RegistrySide & { end(): void }> {
  const socket = await connected(path, Date.now() + patience);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const gone = new Error('the registry container ended');
  let last = 0;
  createInterface(socket).on('line', (line) => {
    const { id, answer, failed } = JSON.parse(line) as { id: number; answer?: unknown; failed?: string };
    if (failed === undefined) waiting.get(id)?.resolve(answer);
    else waiting.get(id)?.reject(new Error(failed));
    waiting.delete(id);
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(gone);
  });
  const ask = (method: string) => (argument?: unknown) => {
    if (socket.destroyed) return Promise.reject(gone);
    const id = ++last;
    const reply = Promise.withResolvers<unknown>();
    waiting.set(id, reply);
    socket.write(`${JSON.stringify({ id, method, argument })}\n`);
    return reply.promise;
  };
  const side = Object.fromEntries(methods.map((method) => [method, ask(method)])) as unknown as RegistrySide;
  return { ...side, end: () => socket.destroy() };
}

async function connected(path: string, deadline: number): Promise<Socket> {
  for (;;) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const trying = connect(path, () => resolve(trying));
      trying.once('error', () => resolve(undefined));
    });
    if (socket !== undefined) return socket;
    if (Date.now() > deadline) throw new Error('the registry container did not start');
    await sleep(10);
  }
}
