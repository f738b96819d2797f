import { type Route, routes } from '../../../shared/events/routes.ts';
import { ownPullsExtension } from '../../../shared/events/types.ts';
import type { Trigger } from './objects.ts';

/** Where events end that nobody takes. */
export const deadLetters = 'dead-letters';

/** One Trigger per route. */
export function triggersOfRoutes(delivery: object): Trigger[] {
  return routes.map((route, index) => ({
    metadata: { name: `${route.to}-${index}` },
    spec: {
      filters: filters(route),
      subscriber: { ref: { name: route.to } },
      delivery: { ...delivery, deadLetterSink: { ref: { name: deadLetters } } },
    },
  }));
}

function filters({ types, kinds, ownPulls }: Route): object[] {
  const own = { exact: { [ownPullsExtension.name]: ownPullsExtension.value } };
  const oneOf = (attribute: string, values: readonly string[]) => ({
    any: values.map((value) => ({ exact: { [attribute]: value } })),
  });
  return [
    oneOf('type', types),
    ...(kinds === undefined ? [] : [oneOf('kind', kinds)]),
    ...(ownPulls === undefined ? [] : [ownPulls ? own : { not: own }]),
  ];
}
