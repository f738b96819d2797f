import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { RetryableError } from '../events/errors.ts';

/** The answer of an API server that is not a success. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The account lacks a permission. `verb` and `resource` are what a Role must name. */
export class PermissionError extends ApiError {
  override name = 'PermissionError';
}

/** An answer has more bytes than are taken. */
export class TooLong extends RetryableError {
  override name = 'TooLong';
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/**
 * The few requests that image-rescue makes of an API server. Authentication and TLS are client-node's; its generated
 * calls are not used, because they hold whole objects in memory several times and parse what nobody reads.
 */
export interface Api {
  /** JSON answer of a 2xx. Throws ApiError for 4xx, RetryableError where asking again may help (5xx, 429, network). */
  json(request: ApiRequest): Promise<unknown>;
  /** The body of a 2xx as it arrives. */
  stream(request: ApiRequest): Promise<http.IncomingMessage>;
}

/** An answer is in memory whole, several times; a list that is longer comes in smaller pages. A watch has no such limit. */
const longestAnswer = 16 * 1024 * 1024;
const answerWithin = 30_000;
const exchangeWithin = 60_000;

export function makeApi(config: KubeConfig): Api {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig has no current cluster; see kubectl config current-context');
  // One agent for all: client-node makes one per call, and a TLS handshake costs more than a request.
  let agent: https.RequestOptions['agent'];

  async function send(request: ApiRequest): Promise<http.IncomingMessage> {
    const url = new URL(cluster?.server + request.path);
    const options: https.RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    agent ??= cluster?.proxyUrl
      ? options.agent
      : new https.Agent({
          keepAlive: true,
          maxSockets: 16,
          ca: options.ca,
          cert: options.cert,
          key: options.key,
          rejectUnauthorized: options.rejectUnauthorized ?? true,
          ...(options.servername !== undefined && { servername: options.servername }),
        });
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return new Promise((resolve, reject) => {
      const { request: start } = url.protocol === 'http:' ? http : https;
      const outgoing = start(url, {
        method: request.method,
        ...(url.protocol === 'https:' && { agent }),
        ...(options.auth && { auth: options.auth }),
        ...(request.signal && { signal: request.signal }),
        headers: {
          ...(options.headers as http.OutgoingHttpHeaders),
          accept: 'application/json',
          'user-agent': 'image-rescue',
          ...(body !== undefined && {
            'content-type': request.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      });
      outgoing.setTimeout(answerWithin, () => outgoing.destroy(new Error(`no answer within ${answerWithin / 1000} s`)));
      outgoing.on('error', (cause) =>
        reject(new RetryableError(`${request.method} ${url.pathname}: ${cause.message}`, { cause })),
      );
      outgoing.on('response', (response) => {
        outgoing.setTimeout(0);
        resolve(response);
      });
      outgoing.end(body);
    });
  }

  async function checked(request: ApiRequest): Promise<http.IncomingMessage> {
    const response = await send(request);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw failure(request, status, await text(response));
  }

  return {
    stream: checked,
    json: async (request) => {
      // A connection that dies in the middle of a body says nothing, ever.
      const limit = AbortSignal.timeout(exchangeWithin);
      const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
      return JSON.parse(await text(await checked({ ...request, signal }))) as unknown;
    },
  };
}

const whatToDo = 'a role of this account must allow it (README, "What it may do in the cluster")';

function failure(request: ApiRequest, status: number, body: string): Error {
  const { reason = '', message = body.slice(0, 300) } = statusOf(body);
  const what = `${request.method} ${request.path.split('?')[0]}: ${status} ${message}`;
  // RBAC's own words (apiserver, responsewriters/errors.go); admission refuses with the same status.
  if (status === 403 && /cannot \S+ (resource|path)/.test(message)) {
    return new PermissionError(status, reason, `${message}; ${whatToDo}`);
  }
  if (status === 429 || status >= 500) return new RetryableError(what);
  return new ApiError(status, reason, what);
}

function statusOf(body: string): { reason?: string; message?: string } {
  try {
    const { reason, message } = JSON.parse(body) as Record<string, unknown>;
    return { ...(typeof reason === 'string' && { reason }), ...(typeof message === 'string' && { message }) };
  } catch {
    return {};
  }
}

async function text(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestAnswer) throw new TooLong(`the answer is longer than ${longestAnswer} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof TooLong) throw cause;
    throw new RetryableError(`the answer ended early: ${(cause as Error).message}`, { cause });
  }
  return Buffer.concat(chunks).toString();
}

/** Undefined where the API server answers with this status. */
export async function unless<T>(status: number, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return undefined;
    throw error;
  }
}

/** Makes an object; 'exists' where there is one of that name. */
export async function create(api: Api, path: string, body: unknown): Promise<'created' | 'exists'> {
  const created = await unless(409, () => api.json({ method: 'POST', path, body }));
  return created === undefined ? 'exists' : 'created';
}

/** Names come from events, which anybody may forge: what cannot be an object's name (RFC 1123) is no object's. */
export function segment(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) return name;
  throw new ApiError(404, 'NotFound', `${JSON.stringify(name.slice(0, 80))} is no name of an object`);
}
