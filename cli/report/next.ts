import type { Cause } from '../../shared/causes/classify.ts';
import { settles, type Wake } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import type { PullReport } from './pulls.ts';
import type { StuckState } from './state.ts';

/** What happens next, and when that is or begins or ends, RFC 3339, where a time is known. */
export interface Next {
  readonly what: string;
  readonly at?: string;
}

/** What decides about it. */
export interface Situation {
  readonly state: StuckState;
  readonly cause?: Cause;
  readonly pull?: PullReport;
  readonly wake: Wake | undefined;
  /** Whether all containers that want the image have imagePullPolicy Always. */
  readonly onlyAlways: boolean;
  /** Of the pod, in milliseconds. */
  readonly age: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Within this, in milliseconds, a running image-rescue has said something about a stuck pod. */
const noticedWithin = 60_000;

export function whatNext(situation: Situation): Next {
  const { state, cause, pull, age } = situation;
  switch (state) {
    case 'starting':
    case 'fetching':
      return at('the pod is started, or told why not, when the pull has ended; at the latest', pull?.latest);
    case 'came':
      return afterItCame(situation);
    case 'resting':
      return at('tried again, at the earliest', pull?.restsUntil);
    case 'due':
      return { what: 'tried again when image-rescue next looks at the pod' };
    case 'refused':
      return {
        what:
          cause?.helps === 'never'
            ? 'nothing: a mirror would go around that decision'
            : 'nothing, until a person has seen to it; the kubelet keeps trying by itself',
      };
    case 'patched':
      return { what: "the next mirror's address is put in its place; after the last one, the original" };
    case 'left alone':
      return { what: `nothing: the pod or its namespace is marked ${marks.skip}` };
    case 'dry run':
      return { what: 'nothing: DRY_RUN only says what would be done' };
    case 'blocked':
      return { what: 'nothing, until a person has seen to that on its node' };
    case 'waiting':
      if (cause?.cause === 'kubelet-limit') return { what: 'its kubelet tries again by itself' };
      return {
        what:
          age > noticedWithin
            ? 'if other pulls are under way, it waits for a slot (PULLS_AT_ONCE, PULLS_PER_NODE, RESCUES_PER_NAMESPACE); if not: is image-rescue running, with permission to see this pod, and for its namespace (INCLUDE_NAMESPACES, EXCLUDE_NAMESPACES)?'
            : 'image-rescue looks at it within seconds, if it is running',
      };
  }
}

function afterItCame({ pull, wake, onlyAlways, now }: Situation): Next {
  if (pull?.way === 'patch') return { what: "a mirror's address is put in its place" };
  if (onlyAlways)
    return pull?.route === undefined
      ? { what: "its imagePullPolicy is Always, so a mirror's address is put in its place" }
      : at('its kubelet pulls it when its back-off ends, through the route, which is held until', pull.route.until);
  if (wake === undefined) return { what: 'its kubelet is told to look again' };
  if (now - wake.at < settles) return { what: 'its kubelet was told to look again and starts it' };
  return {
    what:
      wake.step >= 2
        ? "if its kubelet does not start it after this second attempt either, a mirror's address is put in its place"
        : 'its kubelet did not start it when told to look again; a second attempt follows',
  };
}

function at(what: string, time: string | undefined): Next {
  return { what, ...(time !== undefined && { at: time }) };
}
