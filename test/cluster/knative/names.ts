import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request that was passed on, with the CloudEvent that it carried. `time` in milliseconds since 1970. */
export interface Passed {
  host: string;
  port: number;
  time: number;
  /** Attributes of a binary CloudEvent by name: `type`, `id`, `source`, … */
  event: Record<string, string>;
  /** Of the answer; undefined while there is none, or where the program died over it. */
  status?: number;
  /** The type of the CloudEvent that was the answer. */
  reply?: string;
}

/** What a test does at two moments of a request. */
export interface Tap {
  /** The program has the whole request. */
  received?(passed: Passed): void;
  /** The program has answered. "lose" keeps the answer from whoever asked: the connection breaks. */
  answered?(passed: Passed): 'pass' | 'lose';
}

/** In place of cluster DNS, Services and Serving's activator: an HTTP proxy that knows programs by host name. */
export interface Names {
  /** For HTTP_PROXY. */
  url: string;
  /** The ports of 127.0.0.1 behind a name; requests take turns. */
  set(host: string, ...ports: number[]): void;
  /** All requests for names so far, in the order of their arrival. */
  passed: readonly Passed[];
  /** Until the next call for this name. */
  tap(host: string, tap?: Tap): void;
  close(): Promise<void>;
}

/** As the activator, which holds requests while no pod of the function is there. */
const patienceMs = 60_000;

export async function startNames(): Promise<Names> {
  const known = new Map<string, { ports: number[]; next: number; tap: Tap }>();
  const passed: Passed[] = [];

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', `http://${incoming.headers.host}`);
    const name = known.get(url.hostname);
    const port = name?.ports[name.next++ % name.ports.length];
    if (name === undefined || port === undefined) {
      outgoing.writeHead(502).end(`no name ${url.hostname}`);
      return;
    }
    const event = Object.fromEntries(
      Object.entries(incoming.headers).flatMap(([key, value]) =>
        key.startsWith('ce-') ? [[key.slice(3), `${value}`]] : [],
      ),
    );
    const one: Passed = { host: url.hostname, port, time: Date.now(), event };
    passed.push(one);
    const body = Buffer.concat(await incoming.toArray());
    const deadline = Date.now() + patienceMs;
    for (;;) {
      try {
        const answer = await exchange(port, url, incoming, body, () => name.tap.received?.(one));
        one.status = answer.status;
        const reply = answer.headers['ce-type'];
        if (reply !== undefined) one.reply = `${reply}`;
        if (name.tap.answered?.(one) === 'lose') outgoing.destroy();
        else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      } catch (error) {
        const absent = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
        if (!absent || outgoing.destroyed || Date.now() > deadline) {
          outgoing.destroy();
          return;
        }
        await sleep(20);
      }
    }
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the name proxy has no port');
  server.unref();
  return {
    url: `http://127.0.0.1:${address.port}`,
    set: (host, ...ports) => known.set(host, { ports, next: 0, tap: {} }),
    passed,
    tap: (host, tap = {}) => {
      const name = known.get(host);
      if (name === undefined) throw new Error(`no name ${host}: there are ${[...known.keys()].join(', ')}`);
      name.tap = tap;
    },
    close: async () => {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}

/** One request and its whole answer. Throws where the connection is refused or breaks. */
async function exchange(port: number, url: URL, incoming: IncomingMessage, body: Buffer, sent: () => void) {
  const { method, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, path: url.pathname + url.search, method, headers, agent: false });
  outgoing.on('error', () => undefined); // also after the answer has begun; `once` sees the one before it
  const answered = once(outgoing, 'response');
  outgoing.end(body, sent);
  const [answer] = (await answered) as [IncomingMessage];
  const chunks = Buffer.concat(await answer.toArray());
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: chunks };
}
