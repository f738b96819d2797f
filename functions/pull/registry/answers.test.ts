import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepAnswers } from './answers.ts';
import type { MirrorClient } from './mirror.ts';
import { MirrorRefusal } from './refusal.ts';

const mirror = (name: string): MirrorClient => ({
  name,
  hadCredentials: () => false,
  get: () => Promise.reject(new Error('not asked')),
});

test('the last of what became of it counts, the first three words of it are kept, each once', () => {
  const one = mirror('a');
  const answers = keepAnswers([one, mirror('never asked')], () => 0);
  answers.hasIt(one);
  for (const words of ['x', 'x', 'y', 'z']) answers.refused(one, new MirrorRefusal(words, 'wrong'));
  assert.deepEqual(answers.list(), [{ mirror: 'a', answer: 'has it; x; y', outcome: 'wrong' }]);
});

test('for how long to stay away: counted from when it is read, and not forgotten for a later answer', () => {
  let now = 0;
  const one = mirror('a');
  const answers = keepAnswers([one], () => now);
  answers.refused(one, new MirrorRefusal('429', 'throttled', { retryAfter: 30 }));
  now = 10_500;
  answers.hasIt(one);
  assert.deepEqual(answers.list(), [{ mirror: 'a', answer: '429; has it', outcome: 'has it', retryAfter: 20 }]);
  now = 30_000;
  assert.equal(answers.list()[0]?.retryAfter, undefined);
});
