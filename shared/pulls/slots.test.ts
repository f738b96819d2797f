import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { noSlot, type UnderWay, underWay } from './slots.ts';

const limits = { pullsAtOnce: 3, pullsPerNode: 2, rescuesPerNamespace: 2 };
const pull = (nodeUid: string, namespace: string): UnderWay => ({ job: `${nodeUid}-${namespace}`, nodeUid, namespace });

for (const [what, pulls, expected] of [
  ['there is room', [pull('n2', 'b'), pull('n1', 'a')], undefined],
  ['in all', [pull('n2', 'b'), pull('n3', 'c'), pull('n4', 'd')], /PULLS_AT_ONCE/],
  ['on its node', [pull('n1', 'b'), pull('n1', 'c')], /PULLS_PER_NODE/],
  ['for its namespace', [pull('n2', 'a'), pull('n3', 'a')], /RESCUES_PER_NAMESPACE/],
] as const) {
  test(`limits: ${what}`, () => {
    const why = noSlot(pulls, { nodeUid: 'n1', namespace: 'a' }, limits);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? '', expected);
  });
}

const labels = { 'batch.kubernetes.io/job-name': 'pull-a', 'image-rescue.dev/node-uid': 'n1' };
const annotations = { 'image-rescue.dev/asked-by': 'team/web-1' };

test('a pull counts until its pull container has ended', () => {
  const pod = aPod({ metadata: { labels, annotations }, containers: [{ name: 'registry' }, { name: 'pull' }] });
  assert.deepEqual(underWay(pod), { job: 'pull-a', nodeUid: 'n1', namespace: 'team' });
  const [, status] = pod.status?.containerStatuses ?? [];
  if (status !== undefined) status.state = { terminated: { exitCode: 0, finishedAt: '2026-01-01T00:00:00Z' } };
  assert.equal(underWay(pod), undefined);
  assert.equal(underWay(aPod({ metadata: { labels, annotations }, phase: 'Failed' })), undefined);
});
