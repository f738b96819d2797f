import type { IncomingHttpHeaders } from 'node:http';
import { CloudEvent, type CloudEventV1, HTTP } from 'cloudevents';
import type { RescueEvent } from '../events/event.ts';
import { tooDeep } from './depth.ts';

/** An HTTP message that carries CloudEvents. */
export interface Message {
  readonly headers: Record<string, string>;
  readonly body: string;
}

const structured = 'application/cloudevents';
const batch = `${structured}-batch`;
const required = ['id', 'type', 'source', 'specversion'];

/** Whether a request is a CloudEvent in binary mode, by its headers alone. */
export function isBinary(headers: IncomingHttpHeaders): boolean {
  return required.every((name) => headers[`ce-${name}`]) && !startsWith(headers, structured);
}

function startsWith(headers: IncomingHttpHeaders, type: string): boolean {
  return headers['content-type']?.toLowerCase().startsWith(type) ?? false;
}

/** The CloudEvents of a request (binary, structured or batched), or undefined where it holds anything else. */
export function fromHttp(headers: IncomingHttpHeaders, body: Buffer): RescueEvent[] | undefined {
  try {
    if (tooDeep(body)) return undefined;
    const text = body.toString();
    if (!(startsWith(headers, structured) ? isWhole(text, startsWith(headers, batch)) : isBinary(headers)))
      return undefined;
    const parsed = HTTP.toEvent<unknown>({ headers: withoutCharset(headers), body: text });
    return (Array.isArray(parsed) ? parsed : [parsed]).map(fromCloudEvent);
  } catch {
    return undefined;
  }
}

/** The SDK makes up what a structured event lacks, an id among it. Throws SyntaxError. */
function isWhole(text: string, batched: boolean): boolean {
  const parsed: unknown = JSON.parse(text);
  const events: unknown[] = batched && Array.isArray(parsed) ? parsed : [parsed];
  return events.every(
    (event) =>
      typeof event === 'object' &&
      event !== null &&
      required.every((name) => {
        const value: unknown = Reflect.get(event, name);
        return typeof value === 'string' && value !== '';
      }),
  );
}

/** One event in binary mode, as Knative's broker sends them; several as a batch. */
export function toHttp(events: readonly [RescueEvent, ...RescueEvent[]]): Message {
  const [first, ...more] = events.map(toCloudEvent) as [CloudEvent<unknown>, ...CloudEvent<unknown>[]];
  if (more.length > 0) {
    return {
      headers: { 'content-type': `${batch}+json` },
      body: JSON.stringify([first, ...more]),
    };
  }
  const { headers, body } = HTTP.binary(first);
  return { headers: headers as Record<string, string>, body: body as string };
}

/** The SDK knows content types by their exact text. JSON is UTF-8 whatever else is said of it (RFC 8259, 8.1). */
function withoutCharset(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return { ...headers, ...(type !== undefined && { 'content-type': type }) };
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
    attributes.has(name) || !['string', 'number', 'boolean'].includes(typeof value)
      ? []
      : [[name, String(value)] as const],
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

function toCloudEvent({ extensions, ...rest }: RescueEvent): CloudEvent<unknown> {
  return new CloudEvent({ ...rest, ...extensions, datacontenttype: 'application/json' });
}
