import type { Server } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { ApiError, PermissionError } from '../cluster/api.ts';
import { PermanentError, RetryableError } from '../events/errors.ts';
import type { Handler, RescueEvent } from '../events/event.ts';
import type { Log } from '../log/log.ts';
import { fromHttp, isBinary, toHttp } from './message.ts';
import { inTrace, type Trace, traceOf } from './trace.ts';

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
 * retries and drops by status, so a status of Kubernetes' own must not get through. A failure's body is one line that says
 * why; Knative hands it to the dead-letter sink.
 *
 * @param handler may still be in the making: it listens at once, is ready when the handler is, and requests wait for that
 */
export function serve(handler: Handler | Promise<Handler>, { port, log, mayConcern }: ServeOptions): Promise<Server> {
  const app = express();
  const made = Promise.resolve(handler);
  let ready = false;
  made.then(
    () => {
      ready = true;
    },
    () => undefined,
  );
  app.disable('x-powered-by');
  app.get('/health/live', (_, response) => void response.status(200).end());
  app.get('/health/ready', (_, response) => void response.status(ready ? 200 : 503).end());
  app.post('/', express.raw({ type: () => true, limit: largestBody }), async (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (isBinary(request.headers) && mayConcern?.(body) === false) return void response.status(202).end();
    const events = fromHttp(request.headers, body);
    if (events === undefined) return void say(response, 400, 'not a CloudEvent');
    const trace = traceOf(request.headers);
    await inTrace(trace, async () => answer(await made, events, trace, response, log));
  });
  app.use((_: Request, response: Response) => void response.status(404).end());
  app.use((error: { status?: number; message?: string }, _: Request, response: Response, __: NextFunction) => {
    log.warn({ why: error.message }, 'request refused');
    say(response, error.status === 413 ? 413 : 400, error.message ?? '');
  });
  return new Promise((resolve, reject) => {
    const server = app.listen(port, (error) => (error ? reject(error) : resolve(server)));
  });
}

async function answer(
  handler: Handler,
  events: readonly RescueEvent[],
  trace: Trace,
  response: Response,
  log: Log,
): Promise<void> {
  try {
    const replies: RescueEvent[] = [];
    for (const event of events) {
      const reply = await handler(event);
      if (reply !== undefined) replies.push(reply);
    }
    const [first, ...more] = replies;
    if (first === undefined) return void response.status(202).end();
    const { headers, body } = toHttp([first, ...more]);
    response.writeHead(200, { ...headers, ...trace }).end(body);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof RetryableError) {
      log.info({ why: message }, 'event is to be brought again');
      return void say(response, 503, message);
    }
    log.error(
      { why: message, permanent: error instanceof PermanentError },
      error instanceof PermissionError ? 'missing permission' : 'event cannot be handled',
    );
    const known = error instanceof PermanentError || error instanceof ApiError;
    say(response, 422, known ? message : "an error of its own; see the function's log");
  }
}

/** Knative keeps at most 1,024 bytes of it, in Base64. */
const longestReason = 700;

function say(response: Response, status: number, why: string): void {
  response.status(status).type('text/plain').end(Buffer.from(why).subarray(0, longestReason));
}
