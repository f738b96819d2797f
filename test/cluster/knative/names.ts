import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request that was passed on, with the CloudEvent that it carried. `time` in milliseconds since 1970. */
export interface Passed {
  host: string;
  /** Of the program that had it: `address:port`. */
  address: string;
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
  /** The addresses (`address:port`) behind a name; requests take turns. While nobody is there they wait. */
  set(host: string, ...addresses: string[]): void;
  /** All requests for names so far, in the order of their arrival. */
  passed: readonly Passed[];
  /** Until the next call for this name. */
  tap(host: string, tap?: Tap): void;
  close(): Promise<void>;
}

/** As the activator, which holds requests while no pod of the function is there. */
const patienceMs = 60_000;

export async function startNames(): Promise<Names> {
  const known = new Map<string, { addresses: string[]; next: number; tap: Tap }>();
  const passed: Passed[] = [];

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', `http://${incoming.headers.host}`);
    const name = known.get(url.hostname);
    if (name === undefined) {
      outgoing.writeHead(502).end(`no name ${url.hostname}`);
      return;
    }
    const event = Object.fromEntries(
      Object.entries(incoming.headers).flatMap(([key, value]) =>
        key.startsWith('ce-') ? [[key.slice(3), `${value}`]] : [],
      ),
    );
    const one: Passed = { host: url.hostname, address: '', time: Date.now(), event };
    passed.push(one);
    const body = Buffer.concat(await incoming.toArray());
    const deadline = Date.now() + patienceMs;
    while (!outgoing.destroyed && Date.now() < deadline) {
      one.address = name.addresses[name.next++ % name.addresses.length] ?? '';
      const answer = await exchange(one.address, url, incoming, body, () => name.tap.received?.(one));
      if (answer === 'nobody is there') {
        await sleep(20);
        continue;
      }
      one.status = answer.status;
      const reply = answer.headers['ce-type'];
      if (reply !== undefined) one.reply = `${reply}`;
      if (name.tap.answered?.(one) === 'lose') break;
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    outgoing.destroy();
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
    set: (host, ...addresses) => known.set(host, Object.assign(known.get(host) ?? { next: 0, tap: {} }, { addresses })),
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

/** No program at the address; no pod. */
const nobodyIsThere = new Set<unknown>(['ECONNREFUSED', 'EHOSTUNREACH']);

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One request and its whole answer. Throws where the connection breaks. */
async function exchange(
  address: string,
  url: URL,
  { method, headers }: IncomingMessage,
  body: Buffer,
  sent: () => void,
): Promise<Answer | 'nobody is there'> {
  if (address === '') return 'nobody is there';
  const outgoing = request(new URL(url.pathname + url.search, `http://${address}`), { method, headers, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.on('response', resolve).on('error', reject),
  );
  outgoing.end(body, sent);
  try {
    const answer = await answered;
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && nobodyIsThere.has(error.code)) return 'nobody is there';
    throw error;
  }
}
