import { ConfigError } from '../config/config.ts';
import { RetryableError } from '../events/errors.ts';
import type { RescueEvent } from '../events/event.ts';
import { toHttp } from './message.ts';
import { currentTrace } from './trace.ts';

const answerWithin = 10_000;

/**
 * Posts events to a sink, K_SINK of a Knative SinkBinding. Throws ConfigError where there is no sink, RetryableError where it
 * does not take an event.
 */
export function postTo(sink: string | undefined): (event: RescueEvent) => Promise<void> {
  if (sink === undefined || !URL.canParse(sink))
    throw new ConfigError([
      'K_SINK is not set to a URL; a SinkBinding sets it. Example: K_SINK=http://broker-ingress.knative-eventing.svc.cluster.local/image-rescue/default',
    ]);
  return async (event) => {
    const { headers, body } = toHttp([event]);
    try {
      const response = await fetch(sink, {
        method: 'POST',
        headers: { ...headers, ...currentTrace() },
        body,
        signal: AbortSignal.timeout(answerWithin),
      });
      await response.body?.cancel();
      if (!response.ok) throw new RetryableError(`${sink} answered ${response.status}`);
    } catch (cause) {
      if (cause instanceof RetryableError) throw cause;
      throw new RetryableError(`${sink} did not answer: ${(cause as Error).message}`, { cause });
    }
  };
}
