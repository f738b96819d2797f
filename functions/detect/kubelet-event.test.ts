import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedEvent, recordedRequests } from '../../test/recorded.ts';
import { mayConcern } from './decide.ts';
import { detect } from './handler.ts';
import { decideEvent } from './kubelet-event.ts';

const involvedObject = { kind: 'Pod', namespace: 'default', name: 'web', uid: 'u' };
const event = {
  metadata: { resourceVersion: '7' },
  reason: 'FailedCreatePodSandBox',
  source: { component: 'kubelet' },
  involvedObject,
};

test('a sandbox that cannot be made is looked at', () => {
  assert.deepEqual(decideEvent(event, 'pulls'), { pod: { namespace: 'default', name: 'web', uid: 'u' } });
  assert.ok(mayConcern(Buffer.from(JSON.stringify(event))));
});

for (const [what, other] of [
  ['of another reason', { ...event, reason: 'Failed' }],
  ['of nobody we know', { ...event, source: { component: 'somebody' } }],
  ['about something else', { ...event, involvedObject: { ...involvedObject, kind: 'Job' } }],
  ['about one of our own pulls', { ...event, involvedObject: { ...involvedObject, namespace: 'pulls' } }],
  ['about a pod without a uid', { ...event, involvedObject: { ...involvedObject, uid: null } }],
] as const)
  test(`an Event ${what} is of no concern`, () => assert.equal(decideEvent(other, 'pulls'), undefined));

for (const recorded of recordedRequests().filter(({ headers }) => headers['ce-kind'] === 'Event'))
  test(`recorded ${recorded.name}: of no concern, a pod's status says it`, async () =>
    assert.equal(await detect({ pullNamespace: 'pulls' })(recordedEvent(recorded)), undefined));
