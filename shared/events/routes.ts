import type { FunctionName, RescueEvent } from './event.ts';
import { eventTypes, ownPullsExtension } from './types.ts';

/** Which events a function takes. The in-process broker routes by this; knative/ says the same as Triggers. */
export interface Route {
  readonly to: FunctionName;
  readonly types: readonly string[];
  /** Kubernetes kinds, for events of an ApiServerSource. */
  readonly kinds?: readonly string[];
  /** Whether the event must, or must not, come from the source of our own Jobs and pods. */
  readonly ownPulls?: boolean;
}

export const routes: readonly Route[] = [
  {
    to: 'detect',
    types: [eventTypes.resourceAdded, eventTypes.resourceUpdated],
    kinds: ['Pod', 'Event'],
    ownPulls: false,
  },
  { to: 'submit-cache', types: [eventTypes.imageStuck, eventTypes.routeLeft, eventTypes.cacheLeft] },
  { to: 'submit-cache', types: [eventTypes.resourceUpdated], kinds: ['ImageCache'] },
  { to: 'restore', types: [eventTypes.pullsDecided, eventTypes.podWaits] },
  { to: 'restore', types: [eventTypes.resourceUpdated], kinds: ['Pod', 'Job'], ownPulls: true },
  { to: 'sweep', types: [eventTypes.ping] },
];

/** The functions that take this event. */
export function subscribers(event: RescueEvent): FunctionName[] {
  const own = event.extensions[ownPullsExtension.name] === ownPullsExtension.value;
  return routes
    .filter(
      (route) =>
        route.types.includes(event.type) &&
        (route.kinds === undefined || route.kinds.includes(event.extensions['kind'] ?? '')) &&
        (route.ownPulls === undefined || route.ownPulls === own),
    )
    .map((route) => route.to);
}
