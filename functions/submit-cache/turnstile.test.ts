import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryableError } from '../../shared/events/errors.ts';
import { writeResult } from '../../shared/pulls/result.ts';
import { aPod } from '../../test/builders.ts';
import { makeTurnstile } from './turnstile.ts';

/** No pod shows up yet: what was created a moment ago counts from memory. */
const cluster = { async *listPods() {} };
const config = { pullNamespace: 'pulls', pullsAtOnce: 3, coolDown: 600, pullsPerNode: 9, rescuesPerNamespace: 9 };
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

test('whoever passes is told which mirrors rest, as the ended pulls have it', async () => {
  const message = writeResult({
    way: 'name',
    already: false,
    milliseconds: 1,
    answers: [
      { mirror: 'a', answer: '429', outcome: 'throttled', retryAfter: 99_999 },
      { mirror: 'b', answer: 'has it', outcome: 'has it' },
    ],
  });
  const pod = aPod({ containers: [{ name: 'pull' }] });
  for (const status of pod.status?.containerStatuses ?? [])
    status.state = { terminated: { exitCode: 0, finishedAt: '1970-01-01T00:00:10Z', message } };
  const listed = {
    async *listPods() {
      yield pod;
    },
  };
  const pass = makeTurnstile(listed, config, () => 20_000);
  let told: unknown;
  await pass(wanted('a'), async (resting) => {
    told = [...resting];
    return 'created';
  });
  assert.deepEqual(told, [['a', 610_000]]);
});

test('what kube-fledged pulls for us has its slot until its Job has taken it over', async () => {
  const others = async () => [wanted('a'), wanted('b')];
  const pass = makeTurnstile(cluster, { ...config, pullsAtOnce: 2 }, () => 0, others);
  await assert.rejects(
    pass(wanted('c'), async () => 'created'),
    RetryableError,
  );
  assert.equal(await pass(wanted('a'), async () => 'created'), 'created', 'its own slot');
});
