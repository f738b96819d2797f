import type { Server } from 'node:http';
import { CloudEvent, type CloudEventV1, HTTP } from 'cloudevents';
import express, { type NextFunction, type Request, type Response } from 'express';
import { PermissionError } from '../cluster/api.ts';
import { PermanentError, RetryableError } from '../events/errors.ts';
import type { Handler, RescueEvent } from '../events/event.ts';
import type { Log } from '../log/log.ts';

export interface ServeOptions {
  readonly port: number;
  readonly log: Log;
  /** Says of a binary-mode body whether it needs to be parsed at all. */
  readonly mayConcern?: (body: Buffer) => boolean;
}

/** The largest object that an API server keeps is about 1.5 MiB; a structured or batched event is somewhat larger. */
const largestBody = '4mb';

/**
 * Serves one function over HTTP as Knative expects it: a CloudEvent in (binary, structured or batched), an empty 2xx or
 * a CloudEvent out. 400: not a CloudEvent; 413: too large; 422: never again; 503: bring it again. Nothing else: Knative
 * retries and drops by status, so a status of Kubernetes' own must not get through.
 */
export function serve(handler: Handler, { port, log, mayConcern }: ServeOptions): Promise<Server> {
  const app = express();
  app.disable('x-powered-by');
  app.get(['/health/ready', '/health/live'], (_, response) => void response.status(200).end());
  app.post('/', express.raw({ type: () => true, limit: largestBody }), async (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (request.headers['ce-id'] !== undefined && mayConcern?.(body) === false) return void response.status(202).end();
    const events = parse(request, body);
    if (events === undefined) return void response.status(400).end();
    await answer(handler, events, response, log);
  });
  app.use((error: { status?: number; message?: string }, _: Request, response: Response, __: NextFunction) => {
    log.warn({ why: error.message }, 'request refused');
    response.status(error.status === 413 ? 413 : 400).end();
  });
  return new Promise((resolve, reject) => {
    const server = app.listen(port, (error) => (error ? reject(error) : resolve(server)));
  });
}

function parse(request: Request, body: Buffer): RescueEvent[] | undefined {
  try {
    const parsed = HTTP.toEvent<unknown>({ headers: request.headers, body: body.toString() });
    const events = (Array.isArray(parsed) ? parsed : [parsed]).map(fromCloudEvent);
    return events.every(({ id, type, source }) => id && type && source) ? events : undefined;
  } catch {
    return undefined;
  }
}

const attributes = new Set([
  'id',
  'time',
  'type',
  'source',
  'specversion',
  'datacontenttype',
  'subject',
  'dataschema',
  'data',
  'data_base64',
]);

function fromCloudEvent(event: CloudEventV1<unknown>): RescueEvent {
  const { id, type, source, subject, data } = event;
  const extensions = Object.entries(event).flatMap(([name, value]) =>
    attributes.has(name) || typeof value !== 'string' ? [] : [[name, value] as const],
  );
  return {
    id,
    type,
    source,
    ...(subject !== undefined && { subject }),
    extensions: Object.fromEntries(extensions),
    data,
  };
}

async function answer(handler: Handler, events: readonly RescueEvent[], response: Response, log: Log): Promise<void> {
  try {
    let reply: RescueEvent | undefined;
    for (const event of events) reply = (await handler(event)) ?? reply;
    if (reply === undefined) return void response.status(202).end();
    const { extensions, data, ...rest } = reply;
    const message = HTTP.binary(new CloudEvent({ ...rest, ...extensions, datacontenttype: 'application/json', data }));
    response
      .status(200)
      .set(message.headers as Record<string, string>)
      .end(message.body as string);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof RetryableError) {
      log.info({ why: message }, 'event is to be brought again');
      return void response.status(503).end();
    }
    log.error(
      { why: message, permanent: error instanceof PermanentError },
      error instanceof PermissionError ? 'missing permission' : 'event cannot be handled',
    );
    response.status(422).end();
  }
}
