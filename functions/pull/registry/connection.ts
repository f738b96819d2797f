import http from 'node:http';
import https from 'node:https';
import { addressGuard, type Network, thisNetwork } from './guard.ts';
import { MirrorRefusal } from './refusal.ts';

/** An answer that is no redirect, and who gave it; whoever gets it reads its body, or destroys it. */
export interface Answer {
  readonly response: http.IncomingMessage;
  /** Scheme, host and port. */
  readonly origin: string;
}

/** Asks a mirror, and the places that it names. Both reject with MirrorRefusal, or with what the network said. */
export interface MirrorConnection {
  ask(path: string, headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<Answer>;
  /** Asks a place that the mirror named, a token server. The headers go to that place only. */
  askElsewhere(url: URL, headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<Answer>;
}

const mostRedirects = 3;
const redirects = new Set([301, 302, 303, 307, 308]);
/** A redirect's body is small, or not worth its connection; bytes and milliseconds. */
const smallBody = 64 * 1024;
const smallBodyWithin = 5_000;

/** @param mirror scheme, host and port */
export function connectMirror(mirror: URL, network: Network = thisNetwork): MirrorConnection {
  const guard = addressGuard(mirror.protocol, network);
  const plain = new http.Agent({ keepAlive: true });
  const tls = new https.Agent({ keepAlive: true });

  /** One request, one answer. */
  function once(
    url: URL,
    headers: http.OutgoingHttpHeaders,
    signal: AbortSignal,
    guarded: boolean,
  ): Promise<http.IncomingMessage> {
    const all = { 'user-agent': 'image-rescue', 'accept-encoding': 'identity', ...headers };
    const options = { headers: all, signal, lookup: guard.lookup(guarded) };
    return new Promise((resolve, reject) => {
      const sent =
        url.protocol === 'https:'
          ? https.get(url, { ...options, agent: tls })
          : http.get(url, { ...options, agent: plain });
      sent.once('response', resolve);
      // Stays for as long as the body comes: what breaks off then is the body's error.
      sent.on('error', (error) => {
        // The other side closed an idle connection at the moment in which it was used again.
        if (sent.reusedSocket && !signal.aborted) once(url, headers, signal, guarded).then(resolve, reject);
        else reject(error);
      });
    });
  }

  async function followed(
    response: http.IncomingMessage,
    from: URL,
    headers: http.OutgoingHttpHeaders,
    signal: AbortSignal,
  ): Promise<Answer> {
    let [at, got] = [from, response];
    for (let left = mostRedirects; redirects.has(got.statusCode ?? 0) && got.headers.location; left -= 1) {
      discard(got);
      if (left === 0) throw new MirrorRefusal(`redirects more than ${mostRedirects} times`, 'wrong');
      at = target(got.headers.location, at);
      const objection = guard.objection(at);
      if (objection !== undefined) throw new MirrorRefusal(`redirects to ${at.host}, which ${objection}`, 'wrong');
      const { authorization, ...harmless } = headers;
      got = await once(at, at.origin === from.origin ? headers : harmless, signal, true);
    }
    return { response: got, origin: at.origin };
  }

  return {
    async ask(path, headers, signal) {
      const url = new URL(path, mirror);
      const response = await once(url, headers, signal, false);
      guard.mirrorIsAt(response.socket.remoteAddress ?? '');
      return followed(response, url, headers, signal);
    },
    async askElsewhere(url, headers, signal) {
      const objection = guard.objection(url);
      if (objection !== undefined) throw new MirrorRefusal(`sends us to ${url.host}, which ${objection}`, 'wrong');
      return followed(await once(url, headers, signal, true), url, headers, signal);
    },
  };
}

/** Leaves a body unread; a small one goes by, so that its connection can be used again. */
export function discard(response: http.IncomingMessage): void {
  response.on('error', () => undefined);
  if (!(Number(response.headers['content-length']) <= smallBody)) return void response.destroy();
  const timer = setTimeout(() => response.destroy(), smallBodyWithin).unref();
  response.once('close', () => clearTimeout(timer)).resume();
}

function target(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new MirrorRefusal('redirects to what is no address', 'wrong');
  const url = new URL(location, from.href);
  // Node would make credentials of it.
  url.username = '';
  url.password = '';
  return url;
}
