import { createHash } from 'node:crypto';

/** A CloudEvent as the functions see it: the attributes they use, extensions by name, and JSON data. */
export interface RescueEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject?: string;
  /** Extension attributes, lower case: `kind`, `name`, `namespace`, … */
  readonly extensions: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** The functions; also the last segment of their events' source, `/image-rescue/<function>`. */
export type FunctionName = 'detect' | 'submit-cache' | 'restore' | 'sweep';

/** One event in; one reply, or none, out. Throws RetryableError or PermanentError. */
export type Handler = (event: RescueEvent) => Promise<RescueEvent | undefined>;

/**
 * An event of ours. Its id is a hash of what it says, so that a redelivered cause brings the same id again and a
 * consumer may drop what it has seen.
 */
export function ownEvent(from: FunctionName, type: string, subject: string, data: unknown): RescueEvent {
  const id = createHash('sha256')
    .update(JSON.stringify([type, subject, data]))
    .digest('hex')
    .slice(0, 32);
  return { id, type, source: `/image-rescue/${from}`, subject, extensions: {}, data };
}
