import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { PermanentError, RetryableError } from '../../shared/events/errors.ts';
import type { FunctionName, Handler, RescueEvent } from '../../shared/events/event.ts';
import { eventTypes, ownPullsExtension } from '../../shared/events/types.ts';
import { waitFor } from '../cluster/wait-for.ts';

/** A broker that delivers to the given functions. */
export interface BrokerUnderTest {
  send(event: RescueEvent): Promise<void>;
  /** Subjects of the events that it gave up. */
  givenUp(): string[];
}

const functions = ['detect', 'submit-cache', 'restore', 'sweep'] as const;
const patience = 30_000;
const own = { [ownPullsExtension.name]: ownPullsExtension.value };

/** An event of a type with these extensions; its subject tells it from all others. */
function anEvent(type: string, extensions: Record<string, string> = {}): RescueEvent & { subject: string } {
  const id = randomUUID();
  return { id, type, source: '/test', subject: `subject-${id}`, extensions, data: { of: id } };
}

const routing: [what: string, event: RescueEvent & { subject: string }, to: FunctionName[]][] = [
  ['a new pod', anEvent(eventTypes.resourceAdded, { kind: 'Pod' }), ['detect']],
  ['a changed pod', anEvent(eventTypes.resourceUpdated, { kind: 'Pod' }), ['detect']],
  ['a pod of ours that is new', anEvent(eventTypes.resourceAdded, { kind: 'Pod', ...own }), []],
  ['a changed pod of ours', anEvent(eventTypes.resourceUpdated, { kind: 'Pod', ...own }), ['restore']],
  ['a changed Job of ours', anEvent(eventTypes.resourceUpdated, { kind: 'Job', ...own }), ['restore']],
  ['a changed Job of somebody', anEvent(eventTypes.resourceUpdated, { kind: 'Job' }), []],
  ['a deleted pod', anEvent('dev.knative.apiserver.resource.delete', { kind: 'Pod' }), []],
  ['a pod that is stuck', anEvent(eventTypes.imageStuck), ['submit-cache']],
  ['a route that was left', anEvent(eventTypes.routeLeft), ['submit-cache']],
  ['what was decided', anEvent(eventTypes.pullsDecided), ['restore']],
  ['a ping', anEvent(eventTypes.ping), ['sweep']],
  ['the end of a rescue', anEvent(eventTypes.imageRestored), []],
];

/** What the functions rely on, of any broker. */
export function brokerContract(start: (handlers: Record<FunctionName, Handler>) => Promise<BrokerUnderTest>): void {
  const seen: { by: FunctionName; event: RescueEvent }[] = [];
  const answers = new Map<string, Handler>();
  let broker: BrokerUnderTest;

  before(async () => {
    const handler = (by: FunctionName): Handler => {
      return async (event) => {
        seen.push({ by, event });
        return answers.get(event.subject ?? '')?.(event);
      };
    };
    broker = await start({
      detect: handler('detect'),
      'submit-cache': handler('submit-cache'),
      restore: handler('restore'),
      sweep: handler('sweep'),
    });
  });

  const deliveries = (subject: string) => seen.filter(({ event }) => event.subject === subject);
  const delivered = (subject: string, times: number) =>
    waitFor(`${times} deliveries of ${subject}`, () => deliveries(subject).length >= times, patience);

  /** One more event through every function: what was on its way before it has arrived. */
  async function settle(): Promise<void> {
    const types = [eventTypes.resourceAdded, eventTypes.imageStuck, eventTypes.pullsDecided, eventTypes.ping];
    const last = types.map((type) => anEvent(type, { kind: 'Pod' }));
    for (const event of last) await broker.send(event);
    for (const { subject } of last) await delivered(subject, 1);
  }

  test('each event reaches the functions that take it and no other, whole', async () => {
    for (const [, event] of routing) await broker.send(event);
    for (const [, { subject }, to] of routing) await delivered(subject, to.length);
    await settle();
    for (const [what, event, to] of routing) {
      const found = deliveries(event.subject);
      assert.deepEqual(
        found.map(({ by }) => by),
        to,
        what,
      );
      for (const { event: got } of found) assert.partialDeepStrictEqual(got, event, what);
    }
  });

  test('a reply becomes an event, whole; no reply is the end of it', async () => {
    const [event, reply] = [anEvent(eventTypes.imageStuck), anEvent(eventTypes.pullsDecided)];
    answers.set(event.subject, async () => reply);
    await broker.send(event);
    await delivered(reply.subject, 1);
    await settle();
    assert.equal(deliveries(event.subject).length, 1);
    const [found, ...more] = deliveries(reply.subject);
    assert.equal(found?.by, 'restore');
    assert.partialDeepStrictEqual(found?.event, reply);
    assert.deepEqual(more, []);
  });

  test('a RetryableError brings the same event again, until it is taken', async () => {
    const event = anEvent(eventTypes.imageStuck);
    answers.set(event.subject, async () => {
      if (deliveries(event.subject).length < 3) throw new RetryableError('not now');
      return undefined;
    });
    await broker.send(event);
    await delivered(event.subject, 3);
    await settle();
    const found = deliveries(event.subject);
    assert.deepEqual(
      found.map(({ event: { id } }) => id),
      [event.id, event.id, event.id],
    );
    assert.ok(!broker.givenUp().includes(event.subject));
  });

  for (const [what, error] of [
    ['a PermanentError', new PermanentError('never')],
    ['a bug', new TypeError('x is not a function')],
  ] as const) {
    test(`${what} is given up at once, and does not hold up others`, async () => {
      const event = anEvent(eventTypes.imageStuck);
      answers.set(event.subject, async () => {
        throw error;
      });
      await broker.send(event);
      await waitFor('the event to be given up', () => broker.givenUp().includes(event.subject), patience);
      await settle();
      assert.equal(deliveries(event.subject).length, 1);
    });
  }

  test(`functions are independent: one that is not there holds up no other`, async () => {
    const [slow, quick] = [anEvent(eventTypes.imageStuck), anEvent(eventTypes.ping)];
    const end = Promise.withResolvers<undefined>();
    answers.set(slow.subject, () => end.promise);
    await broker.send(slow);
    await broker.send(quick);
    await delivered(quick.subject, 1);
    end.resolve(undefined);
  });

  test('every function is covered by the routing table', () => {
    assert.deepEqual([...new Set(routing.flatMap(([, , to]) => to))].sort(), [...functions].sort());
  });
}
