import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { routeIsDown } from '../../../shared/pulls/state.ts';
import type { Task } from '../../../shared/pulls/task.ts';
import { cleanUp, putUp, type Route } from '../route/route.ts';
import { type RegistrySide, serveTalk } from '../talk.ts';
import { makeIdentity } from './certificate.ts';
import { mirroredContent, NoMirror } from './content.ts';
import type { Keyring } from './credentials.ts';
import { withProgress } from './progress.ts';
import { answer, type Listener, listen } from './serve.ts';

/** The pull container starts right after this one; milliseconds. */
const beginWithin = 120_000;

export interface RegistryDeps {
  readonly task: Task;
  /** Path of the socket over which the pull container talks. */
  readonly talk: string;
  /** Credentials for the mirrors, or why there are none though the image is one that may need them. */
  readonly keyring?: Keyring | { readonly problem: string };
  /** Aborted when the container is asked to stop. */
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * The registry container: a read-only registry on loopback for the one image, a route to it, and both held for as long
 * as the kubelet may come for it.
 *
 * @returns the termination message; the route is down
 */
export async function runRegistry({ task, talk, keyring, stop, log }: RegistryDeps): Promise<string> {
  const secret = typeof keyring === 'object' ? keyring.problem : undefined;
  if (secret !== undefined) log(`no credentials for the mirrors, which are asked without: ${secret}`);
  const usable = typeof keyring === 'function' ? keyring : undefined;
  const content = withProgress(mirroredContent(task, undefined, usable), task.image, log);
  const identity = makeIdentity(new Date());
  const open: Listener[] = [];
  const tls = await listen((request, response) => {
    void answer(
      {
        repository: task.repository,
        reference: task.reference,
        content,
        elsewhere: async () => (await route)?.elsewhere(),
      },
      request,
      response,
    );
  }, identity);
  open.push(tls);

  // Promises, because the end may come while they are being made.
  let route: Promise<Route> | undefined;
  let probe: Promise<Probe> | undefined;
  let hold = false;
  for (const { node, digest } of task.elsewhere ?? []) log(`node ${node} runs ${task.image} as ${digest}`);
  // Begun before anybody asks: the pull container is still starting.
  const found = content.resolve().then(
    ({ mirror, digest, credentials }) => ({ mirror, digest, ...(credentials && { credentials }) }),
    (error: unknown) => {
      if (error instanceof NoMirror) return { error: error.message };
      throw error;
    },
  );
  found.catch(() => undefined);

  const side: RegistrySide = {
    find: () => found,
    async probe() {
      if (task.hostConfigFolder === undefined) return { error: 'routes are switched off' };
      try {
        probe = makeProbe(task.hostConfigFolder, identity);
        return { image: (await probe).image };
      } catch (error) {
        return { error: `the host configuration folder cannot be used: ${(error as Error).message}` };
      }
    },
    async probed() {
      const made = await probe;
      await made?.remove();
      return { arrived: made?.arrived() ?? false };
    },
    async route() {
      try {
        route = putUp(task.hostConfigFolder ?? '', task.registry, tls.port, identity.certificate);
        await route;
        log(`route to ${task.registry} is up on port ${tls.port}`);
        void tidy(task.hostConfigFolder ?? '', log);
        return {};
      } catch (error) {
        return { error: (error as Error).message };
      }
    },
    async plain() {
      const repository = `${task.registry}/${task.repository}`.replace(':', '_');
      const listener = await listen(
        (request, response) => void answer({ repository, reference: task.reference, content }, request, response),
      );
      open.push(listener);
      return { host: `127.0.0.1:${listener.port}/${repository}` };
    },
    answers: async () => content.answers(),
    async done(how) {
      hold = how.hold;
      return secret === undefined ? {} : { secret };
    },
  };

  try {
    await rm(talk, { force: true });
    const conversation = await serveTalk(talk, side);
    await Promise.race([conversation.begun, aborted(stop), aborted(AbortSignal.timeout(beginWithin))]);
    // The pull has a deadline of its own, and its end, however it ends, closes the connection.
    if (conversation.hasBegun()) await Promise.race([conversation.ended, aborted(stop)]);
    if (hold && !stop.aborted) await Promise.race([aborted(stop), aborted(AbortSignal.timeout(task.routeHold * 1000))]);
  } finally {
    await probe?.then(
      (made) => made.remove(),
      () => undefined,
    );
    await route?.then(
      (up) => up.down(),
      () => undefined,
    );
    for (const listener of open) listener.close();
  }
  return routeIsDown;
}

/** Whoever comes to a node takes out what crashed rescues left there. */
async function tidy(folder: string, log: (line: string) => void): Promise<void> {
  const removed = await cleanUp(folder).catch((error: Error) => [`nothing: ${error.message}`]);
  if (removed.length > 0) log(`taken out, left by crashed rescues: ${removed.join(', ')}`);
}

interface Probe {
  readonly image: string;
  arrived(): boolean;
  remove(): Promise<void>;
}

/**
 * A host file for a loopback port where nobody listens that points at a listener of ours, with our certificate: whether
 * the runtime comes shows in milliseconds that it reads this folder, as this path, and accepts the certificate. (Go
 * never sends loopback through a proxy.)
 */
async function makeProbe(folder: string, identity: ReturnType<typeof makeIdentity>): Promise<Probe> {
  let arrived = false;
  const listener = await listen((_, response) => {
    arrived = true;
    response.writeHead(404, { 'content-length': 0 }).end();
  }, identity);
  const host = `127.0.0.1:${await closedPort()}`;
  // An entry like any other, so that what a crash leaves of it is cleaned up like any other.
  const route = await putUp(folder, host, listener.port, identity.certificate).catch((error: unknown) => {
    listener.close();
    throw error;
  });
  return {
    image: `${host}/image-rescue/probe:1`,
    arrived: () => arrived,
    remove: async () => {
      await route.down();
      listener.close();
    },
  };
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
