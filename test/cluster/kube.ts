import { readFile } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { type Kube, KubeError, type WatchEvent } from './kube-types.ts';
import { waitFor } from './wait-for.ts';

export { type Kube, KubeError, type KubeList, type KubeObject, type WatchEvent } from './kube-types.ts';

/** A client for the cluster and user of a kubeconfig file that has a token and a CA, as the test cluster's have. */
export async function kubeFor(kubeconfig: string): Promise<Kube> {
  const config = parse(await readFile(kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': authority } = config.clusters[0].cluster;
  const token: string = config.users[0].user.token;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(authority, 'base64') });

  function open(
    method: string,
    path: string,
    body?: object,
    type = 'json',
  ): Promise<IncomingMessage> & { sent: ClientRequest } {
    const words = body === undefined ? undefined : JSON.stringify(body);
    // Without a length node:http sends the body of a DELETE unframed.
    const length = words === undefined ? {} : { 'content-length': Buffer.byteLength(words) };
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': `application/${type}`,
      'user-agent': 'test',
      ...length,
    };
    const sent = request(new URL(path, server), { method, agent, headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    );
    sent.end(words);
    return Object.assign(answered, { sent });
  }
  async function bodyOf(method: string, path: string, body?: object, type?: string): Promise<string> {
    const answer = await open(method, path, body, type);
    const words = await text(answer);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new KubeError(`${method} ${path}`, status, words);
    return words;
  }
  // The one place where an answer gets its type: the path decides it, and the caller who writes the path says it.
  const ask = async <T extends object>(...args: Parameters<typeof bodyOf>) => JSON.parse(await bodyOf(...args)) as T;
  const notFound = (error: unknown) => error instanceof KubeError && error.status === 404;

  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
    patch: (path, body, type = Array.isArray(body) ? 'json-patch' : 'merge-patch') =>
      ask('PATCH', path, body, `${type}+json`),
    delete: (path, body) => ask('DELETE', path, body),
    text: (path) => bodyOf('GET', path),
    watch: <T extends object>(path: string, onEvent: (event: WatchEvent<T>) => void) => {
      const stream = open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`);
      let rest = '';
      const failed = () => undefined;
      stream.then((answer) => {
        answer.on('error', failed).setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) onEvent(JSON.parse(line));
        });
      }, failed);
      return () => stream.sent.destroy();
    },
    until: async <T extends object>(
      path: string,
      predicate: (object: T) => boolean,
      timeoutMs: number,
      what: string,
    ) => {
      let last: T | undefined;
      const check = async () => {
        last = await ask<T>('GET', path).catch((error) => {
          if (notFound(error)) return undefined;
          throw error;
        });
        return last !== undefined && predicate(last) && last;
      };
      return waitFor(what, check, timeoutMs).catch((cause) => {
        throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${JSON.stringify(last)}`, { cause });
      });
    },
    gone: async (path, timeoutMs) => {
      const check = () =>
        bodyOf('GET', path).then(
          () => false,
          (error) => notFound(error) || Promise.reject(error),
        );
      await waitFor(`${path} to be gone`, check, timeoutMs);
    },
    close: () => agent.destroy(),
  };
}
