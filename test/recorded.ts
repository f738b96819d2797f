import { readdirSync, readFileSync } from 'node:fs';
import type { RescueEvent } from '../shared/events/event.ts';

/** A real request of Knative's ApiServerSource. */
export interface Recorded {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const folder = new URL('fixtures/apiserversource/', import.meta.url);

export function recordedRequests(): Recorded[] {
  return readdirSync(folder).map((name) => {
    const { headers, body } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Omit<Recorded, 'name'>;
    return { name: name.replace('.json', ''), headers, body };
  });
}

/** The event that such a request carries. */
export function recordedEvent({ headers, body }: Recorded): RescueEvent {
  const attribute = (name: string) => headers[`ce-${name}`] ?? '';
  return {
    id: attribute('id'),
    type: attribute('type'),
    source: attribute('source'),
    subject: attribute('subject'),
    extensions: { kind: attribute('kind'), name: attribute('name'), namespace: attribute('namespace') },
    data: body,
  };
}
