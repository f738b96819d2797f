import type * as z from 'zod';
import { PermanentError } from './errors.ts';
import type { RescueEvent } from './event.ts';

/** The event's data in the shape that the schema names. Throws PermanentError: the same bytes will not fit next time either. */
export function eventData<T>(event: RescueEvent, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(event.data);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues[0];
  throw new PermanentError(
    `data of ${event.type} ${event.id}: ${problem?.path.join('.') || '(top)'}: ${problem?.message}`,
  );
}
