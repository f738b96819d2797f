import { readFile } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { waitFor } from './waitFor.ts';

/** What tests read of any object. A caller that needs more names its own type: `kube.get<V1Pod>(…)`. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

export interface KubeList<T = KubeObject> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface WatchEvent<T = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

/** An answer of the API server that is not a 2xx; `status` is the HTTP status, `reason` Kubernetes' own word. */
export class KubeError extends Error {
  override name = 'KubeError';
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, body: string) {
    const said: { message?: string; reason?: string } = body.startsWith('{') ? JSON.parse(body) : { message: body };
    super(`${what}: ${status} ${said.message ?? ''}`);
    this.status = status;
    this.reason = said.reason ?? '';
  }
}

/** Paths are the API's own, `/api/v1/namespaces/default/pods/x?dryRun=All`. All throw KubeError. */
export interface Kube {
  get<T extends object = KubeObject>(path: string): Promise<T>;
  post<T extends object = KubeObject>(path: string, body: object): Promise<T>;
  put<T extends object = KubeObject>(path: string, body: object): Promise<T>;
  /** An array is a JSON patch, an object a merge patch unless `type` says 'strategic-merge-patch'. */
  patch<T extends object = KubeObject>(path: string, body: object, type?: string): Promise<T>;
  delete<T extends object = KubeObject>(path: string, body?: object): Promise<T>;
  /** A body that is not JSON, such as a pod's log. */
  text(path: string): Promise<string>;
  /**
   * Calls `onEvent` for every event of a list path until the returned function is called. It watches from the
   * resourceVersion in the path's query, or from all objects as they are. It does not begin again when it breaks off.
   */
  watch<T extends object = KubeObject>(path: string, onEvent: (event: WatchEvent<T>) => void): () => void;
  /** Polls until the predicate is true of the object (404: not yet). After `timeoutMs` throws, with the last object. */
  until<T extends object = KubeObject>(
    path: string,
    predicate: (object: T) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<T>;
  /** Polls until the path answers 404. */
  gone(path: string, timeoutMs: number): Promise<void>;
  close(): void;
}

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
    const headers = { authorization: `Bearer ${token}`, 'content-type': `application/${type}`, 'user-agent': 'test' };
    const sent = request(new URL(path, server), { method, agent, headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    );
    sent.end(body === undefined ? undefined : JSON.stringify(body));
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
