import { CloudEvent, HTTP } from 'cloudevents';
import { ConfigError } from '../config/config.ts';
import { RetryableError } from '../events/errors.ts';
import type { RescueEvent } from '../events/event.ts';

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
  return async ({ extensions, ...rest }) => {
    const { headers, body } = HTTP.binary(
      new CloudEvent({ ...rest, ...extensions, datacontenttype: 'application/json' }),
    );
    try {
      const response = await fetch(sink, {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: body as string,
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
