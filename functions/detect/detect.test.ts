import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageStuckSchema } from '../../shared/events/types.ts';
import { aPod } from '../../test/builders.ts';
import { recordedEvent, recordedRequests } from '../../test/recorded.ts';
import { decide, mayConcern } from './decide.ts';
import { detect } from './handler.ts';

const handler = detect({ pullNamespace: 'image-rescue-pull' });
const pods = recordedRequests().filter(
  ({ headers }) => headers['ce-kind'] === 'Pod' && !headers['ce-type']?.endsWith('delete'),
);

for (const recorded of pods) {
  const waits = /errimagepull|imagepullbackoff|errimageneverpull|invalidimagename/.test(recorded.name);
  const stuck = waits && !JSON.stringify(recorded.body).includes('deletionTimestamp');
  test(`recorded ${recorded.name}: ${stuck ? 'stuck' : 'of no concern'}`, async () => {
    const reply = await handler(recordedEvent(recorded));
    assert.equal(reply !== undefined, stuck);
    if (reply !== undefined) imageStuckSchema.parse(reply.data);
    assert.equal(
      mayConcern(Buffer.from(JSON.stringify(recorded.body))),
      waits,
      'the scan of the raw bytes sees it too',
    );
  });
}

test('a redelivered event gives the same id, a later failure another', async () => {
  const event = (resourceVersion: string) => ({
    id: 'x',
    type: 't',
    source: 's',
    extensions: {},
    data: aPod({ metadata: { resourceVersion } }),
  });
  const [first, again, later] = await Promise.all([handler(event('7')), handler(event('7')), handler(event('8'))]);
  assert.equal(first?.id, again?.id);
  assert.notEqual(first?.id, later?.id);
});

test('our own pull pods never start a rescue', () => {
  assert.equal(decide(aPod({ metadata: { namespace: 'image-rescue-pull' } }), 'image-rescue-pull'), undefined);
});

test('a pod that is being deleted or has ended is of no concern', () => {
  assert.equal(decide(aPod({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), 'p'), undefined);
  assert.equal(decide(aPod({ phase: 'Failed' }), 'p'), undefined);
});
