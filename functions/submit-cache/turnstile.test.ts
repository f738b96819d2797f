import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryableError } from '../../shared/events/errors.ts';
import { makeTurnstile } from './turnstile.ts';

/** No pod shows up yet: what was created a moment ago counts from memory. */
const cluster = { async *listPods() {} };
const config = { pullNamespace: 'pulls', pullsAtOnce: 3, pullsPerNode: 9, rescuesPerNamespace: 9 };
const wanted = (job: string) => ({ job, nodeUid: 'n1', namespace: 'a' });

test('many at once: as many pass as there are slots, and later the others', async () => {
  let now = 0;
  const pass = makeTurnstile(cluster, config, () => now);
  const tries = () =>
    Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((job) => pass(wanted(job), async () => 'created')));
  const first = await tries();
  assert.deepEqual(
    first.map(({ status }) => status === 'fulfilled'),
    [true, true, true, false, false],
  );
  for (const one of first) if (one.status === 'rejected') assert.ok(one.reason instanceof RetryableError);
  now = 60_000; // the first three have neither a pod nor a memory any more
  assert.equal((await tries()).filter(({ status }) => status === 'fulfilled').length, 3);
});

test('one that fails to be created takes no slot and holds up nobody', async () => {
  const pass = makeTurnstile(cluster, { ...config, pullsAtOnce: 1 }, () => 0);
  await assert.rejects(
    pass(wanted('a'), async () => {
      throw new Error('no');
    }),
  );
  assert.equal(await pass(wanted('b'), async () => 'created'), 'created');
});
