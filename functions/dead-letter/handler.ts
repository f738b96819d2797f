import type { Handler, RescueEvent } from '../../shared/events/event.ts';
import type { Log } from '../../shared/log/log.ts';

/**
 * An event that nobody could be brought to take in; one line of the log out, with type, id, reason and how many of that type
 * there have been since this process began. It never fails, and nothing is lost with a dead letter: the next sweep looks at
 * everything again.
 */
export function deadLetter(log: Pick<Log, 'error'>): Handler {
  const counts = new Map<string, number>();
  return async (event) => {
    const { type, id, source, subject } = event;
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    log.error({ type, id, source, subject, ...failure(event), count }, 'dead letter');
    return undefined;
  };
}

/** What Knative's dispatcher says of the last attempt (eventing, pkg/kncloudevents/attributes): the failure's body in Base64. */
function failure({ extensions }: RescueEvent): { code: string; to: string; reason: string } {
  const body = Buffer.from(extensions['knativeerrordata'] ?? '', 'base64').toString();
  return {
    code: extensions['knativeerrorcode'] ?? 'unknown',
    to: extensions['knativeerrordest'] ?? 'unknown',
    reason: body || 'none was given',
  };
}
