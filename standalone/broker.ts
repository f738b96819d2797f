import { setTimeout as sleep } from 'node:timers/promises';
import { PermissionError } from '../shared/cluster/api.ts';
import { NoSlot, RetryableError } from '../shared/events/errors.ts';
import type { FunctionName, Handler, RescueEvent } from '../shared/events/event.ts';
import { subscribers } from '../shared/events/routes.ts';
import { eventTypes } from '../shared/events/types.ts';
import type { Log } from '../shared/log/log.ts';

/** What Knative's broker does for the functions, in this process: route, pass on replies, bring failed events again. */
export interface Broker {
  /** Takes an event; delivery goes on by itself. */
  send(event: RescueEvent): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
  /** No further deliveries begin. */
  stop(): void;
}

/** As the delivery spec of knative/ has it. */
export const retries = 5;
export const firstBackOff = 200;
/** Deliveries to one function at once; more wait in line. */
const atOnce = 8;

/** Events that only say "look there": of several that wait in line for one place, one is enough. */
function lookAgain({ type, subject, data }: RescueEvent): string | undefined {
  if (type === eventTypes.imageStuck || type === eventTypes.routeLeft || type === eventTypes.cacheLeft)
    return `${type} ${subject?.split('@')[0]}`;
  return type === eventTypes.ping ? `${type} ${JSON.stringify(data)}` : undefined;
}

export function makeBroker(handlers: Readonly<Record<FunctionName, Handler>>, log: Log): Broker {
  const lines = new Map<FunctionName, { running: number; waiting: RescueEvent[] }>();
  const forbidden = new Set<string>();
  const idlers: (() => void)[] = [];
  let stopped = false;

  function line(name: FunctionName) {
    const found = lines.get(name) ?? { running: 0, waiting: [] };
    lines.set(name, found);
    return found;
  }

  function send(event: RescueEvent): void {
    for (const name of subscribers(event)) {
      const queue = line(name);
      const key = lookAgain(event);
      const same = key === undefined ? -1 : queue.waiting.findIndex((other) => lookAgain(other) === key);
      if (same < 0) queue.waiting.push(event);
      else queue.waiting[same] = event;
      next(name);
    }
  }

  function next(name: FunctionName): void {
    const queue = line(name);
    while (!stopped && queue.running < atOnce && queue.waiting.length > 0) {
      const event = queue.waiting.shift() as RescueEvent;
      queue.running += 1;
      void deliver(name, event).finally(() => {
        queue.running -= 1;
        next(name);
        if (isIdle()) for (const idler of idlers.splice(0)) idler();
      });
    }
  }

  function isIdle(): boolean {
    return [...lines.values()].every(({ running, waiting }) => running === 0 && (stopped || waiting.length === 0));
  }

  async function deliver(name: FunctionName, event: RescueEvent): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        const reply = await handlers[name](event);
        if (reply !== undefined) send(reply);
        return;
      } catch (error) {
        if (error instanceof PermissionError) {
          // Once: what is not permitted stays so, and every event would say it again.
          if (!forbidden.has(error.message)) log.error({ function: name }, `missing permission: ${error.message}`);
          forbidden.add(error.message);
          return;
        }
        if (!(error instanceof RetryableError) || tries >= retries || stopped) {
          const what = { function: name, type: event.type, subject: event.subject, why: (error as Error).message };
          if (error instanceof NoSlot) log.info(what, 'no slot yet; the next sweep looks again');
          else log.error(what, 'event given up; the next sweep looks again');
          return;
        }
        log.debug({ function: name, type: event.type, why: error.message }, 'event is brought again');
        await sleep(firstBackOff * 2 ** tries, undefined, { ref: false });
      }
    }
  }

  return {
    send,
    idle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    stop: () => {
      stopped = true;
      if (isIdle()) for (const idler of idlers.splice(0)) idler();
    },
  };
}
