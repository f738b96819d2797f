import * as z from 'zod';

/** A filter of a Trigger (CloudEvents Subscriptions API, 3.2.4.1), without CESQL. Strict: one dialect each, as Knative validates. */
export type Filter =
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly [dialect in 'exact' | 'prefix' | 'suffix']?: Readonly<Record<string, string>> };

const attributes = z.record(z.string().regex(/^[a-z][a-z0-9]*$/), z.string().min(1));

export const filterSchema: z.ZodType<Filter> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(filterSchema).min(1) }),
    z.strictObject({ any: z.array(filterSchema).min(1) }),
    z.strictObject({ not: filterSchema }),
    z.strictObject({ exact: attributes }),
    z.strictObject({ prefix: attributes }),
    z.strictObject({ suffix: attributes }),
  ]),
);

/**
 * Whether an event passes. An attribute that it lacks fails `exact`, `prefix` and `suffix` (eventing,
 * pkg/eventfilter/subscriptionsapi), and so passes under `not`.
 */
export function passes(filter: Filter, event: Readonly<Record<string, string>>): boolean {
  if ('all' in filter) return filter.all.every((one) => passes(one, event));
  if ('any' in filter) return filter.any.some((one) => passes(one, event));
  if ('not' in filter) return !passes(filter.not, event);
  const hold = (wanted: Readonly<Record<string, string>> = {}, by: (value: string, part: string) => boolean) =>
    Object.entries(wanted).every(([name, part]) => event[name] !== undefined && by(event[name], part));
  const { exact, prefix, suffix } = filter;
  return (
    hold(exact, (value, part) => value === part) &&
    hold(prefix, (value, part) => value.startsWith(part)) &&
    hold(suffix, (value, part) => value.endsWith(part))
  );
}
