import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { subscribers } from '../../shared/events/routes.ts';
import { eventTypes, ownPullsExtension, sweepScopeSchema } from '../../shared/events/types.ts';
import { marks } from '../../shared/pulls/name.ts';
import { firstBackOff, retries } from '../../standalone/broker.ts';
import { type Filter, filterSchema, passes } from './filters.ts';
import { type Manifest, render } from './render.ts';

const objects = render('knative');
const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);

const reference = (apiVersion: string, kind: string) =>
  z.strictObject({
    ref: z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), name: z.string() }),
  });
const toService = reference('serving.knative.dev/v1', 'Service');
const toBroker = reference('eventing.knative.dev/v1', 'Broker');
const delivery = z.strictObject({
  retry: z.number(),
  backoffPolicy: z.literal('exponential'),
  backoffDelay: z.string(),
  deadLetterSink: toService,
});
const triggerSpec = z.strictObject({
  broker: z.literal('default'),
  subscriber: toService,
  delivery,
  filters: z.array(filterSchema).min(1),
});

const triggers = ofKind('Trigger').map(({ metadata, spec }) => ({ metadata, spec: triggerSpec.parse(spec) }));

const ownNamespaces = ['image-rescue', 'image-rescue-pull'];

/** Every combination of what Triggers can see. */
function* everyEvent() {
  for (const type of [...Object.values(eventTypes), 'dev.knative.apiserver.resource.delete', 'com.example.other'])
    for (const kind of [undefined, 'Pod', 'Job', 'Event', 'ImageCache', 'Node'])
      for (const own of [undefined, ownPullsExtension.value, 'other'])
        for (const namespace of [undefined, 'default', 'image-rescue-2', ...ownNamespaces])
          yield { type, kind, [ownPullsExtension.name]: own, namespace };
}

const defined = (record: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

test('Triggers deliver what the routes say, once, and detect is spared our own namespaces', () => {
  let delivered = 0;
  for (const { type, ...extensions } of everyEvent()) {
    const attributes = { type, ...defined(extensions) };
    const reached = triggers
      .filter(({ spec }) => spec.filters.every((filter) => passes(filter, attributes)))
      .map(({ spec }) => spec.subscriber.ref.name);
    const routed: string[] = subscribers({ id: '1', type, source: '/s', extensions: defined(extensions), data: {} });
    const expected = routed.filter((name) => name !== 'detect' || !ownNamespaces.includes(extensions.namespace ?? ''));
    assert.deepEqual(reached.sort(), expected.sort(), JSON.stringify(attributes));
    delivered += reached.length;
  }
  assert.ok(delivered > 50);
});

test('filters are evaluated as Knative does', () => {
  const cases: [Filter, Record<string, string>, boolean][] = [
    [{ exact: { type: 'a', kind: 'b' } }, { type: 'a', kind: 'b' }, true],
    [{ exact: { type: 'a', kind: 'b' } }, { type: 'a' }, false],
    [{ not: { exact: { kind: 'b' } } }, {}, true],
    [{ any: [{ prefix: { type: 'a.' } }, { suffix: { type: '.z' } }] }, { type: 'b.z' }, true],
    [{ all: [{ prefix: { type: 'a.' } }, { suffix: { type: '.z' } }] }, { type: 'b.z' }, false],
  ];
  for (const [filter, event, expected] of cases) assert.equal(passes(filter, event), expected, JSON.stringify(filter));
});

test('every Trigger, and the Broker, brings an event again as the in-process broker does, then tells the dead letters', () => {
  const [broker] = ofKind('Broker');
  const deliveries = [...triggers.map(({ spec }) => spec.delivery), delivery.parse(specOf(broker)['delivery'])];
  for (const { retry, backoffDelay, deadLetterSink } of deliveries) {
    assert.deepEqual([retry, backoffDelay], [retries, `PT${firstBackOff / 1000}S`]);
    assert.equal(deadLetterSink.ref.name, 'dead-letter');
  }
});

test('every subscriber and every sink is there', () => {
  const services = ofKind('Service').map(({ metadata }) => metadata.name);
  for (const { spec } of triggers) assert.ok(services.includes(spec.subscriber.ref.name), spec.subscriber.ref.name);
  const brokers = ofKind('Broker').map(({ metadata }) => metadata.name);
  const sources = ['ApiServerSource', 'PingSource', 'SinkBinding'].flatMap(ofKind);
  assert.equal(sources.length, 5);
  for (const source of sources) assert.deepEqual([toBroker.parse(specOf(source)['sink']).ref.name], brokers);
});

test('a source answers before the whole chain of replies is done', () => {
  assert.equal(ofKind('Broker')[0]?.metadata.annotations?.['messaging.knative.dev/async-handler'], 'true');
});

test('the source of our own pulls selects their label and marks what it sends', () => {
  const pulls = specOf(ofKind('ApiServerSource').find(({ metadata }) => metadata.name === 'pulls'));
  assert.deepEqual(pulls['ceOverrides'], { extensions: { [ownPullsExtension.name]: ownPullsExtension.value } });
  const selector = { matchExpressions: [{ key: marks.kind, operator: 'Exists' }] };
  assert.deepEqual(pulls['resources'], [
    { apiVersion: 'v1', kind: 'Pod', selector },
    { apiVersion: 'batch/v1', kind: 'Job', selector },
  ]);
  const cluster = specOf(ofKind('ApiServerSource').find(({ metadata }) => metadata.name === 'cluster'));
  assert.equal(cluster['ceOverrides'], undefined);
  assert.deepEqual(cluster['namespaceSelector'], {}, 'all namespaces');
});

test('pings ask for both sweeps', () => {
  const pings = ofKind('PingSource').map(specOf);
  const asked = pings.map(({ schedule, data }) => [sweepScopeSchema.parse(JSON.parse(String(data))).scope, schedule]);
  assert.deepEqual(asked, [
    ['waiting', '*/5 * * * *'],
    ['full', '2 * * * *'],
  ]);
});

function specOf(object: Manifest | undefined): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(object?.['spec']);
}
