import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';

/** The headers of W3C Trace Context. They are passed on as they came: a function adds no span of its own. */
export type Trace = Readonly<Partial<Record<'traceparent' | 'tracestate', string>>>;

const current = new AsyncLocalStorage<Trace>();

/** The trace that a request belongs to; nothing where it names none, or names it in another form (W3C Trace Context, 3.2). */
export function traceOf({ traceparent, tracestate }: IncomingHttpHeaders): Trace {
  if (typeof traceparent !== 'string' || !/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.test(traceparent))
    return {};
  return { traceparent, ...(typeof tracestate === 'string' && { tracestate }) };
}

/** Runs what belongs to a trace; whatever it posts carries the same headers. */
export function inTrace<T>(trace: Trace, run: () => T): T {
  return current.run(trace, run);
}

export function currentTrace(): Trace {
  return current.getStore() ?? {};
}
