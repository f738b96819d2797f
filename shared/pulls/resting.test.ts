import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EndedPull, restingLast, restingMirrors } from './resting.ts';
import { type MirrorAnswer, type Outcome, outcomes } from './result.ts';

const coolDown = 600;
const now = 10_000_000;
const pull = (secondsAgo: number, ...answers: [string, Outcome, number?][]): EndedPull => ({
  at: now - secondsAgo * 1000,
  answers: answers.map(
    ([mirror, outcome, retryAfter]): MirrorAnswer => ({
      mirror,
      answer: '',
      outcome,
      ...(retryAfter !== undefined && { retryAfter }),
    }),
  ),
});

/** Hosts that rest and for how many seconds from now. */
function rests(...pulls: EndedPull[]): Record<string, number> {
  const resting = restingMirrors(pulls, coolDown, now);
  return Object.fromEntries([...resting].map(([host, until]) => [host, (until - now) / 1000]));
}

for (const [what, pulls, expected] of [
  ['nobody was asked', [], {}],
  ['one that serves', [pull(1, ['a', 'has it'])], {}],
  ['one that has not or does not give', [pull(1, ['a', 'not there'], ['b', 'denied'], ['c', 'wrong'])], {}],
  ['one that throttles, as long as it says', [pull(10, ['a', 'throttled', 30])], { a: 20 }],
  ['until then', [pull(30, ['a', 'throttled', 30])], {}],
  ['at most COOL_DOWN', [pull(100, ['a', 'throttled', 86_400])], { a: 500 }],
  ['one that is down and says for how long', [pull(10, ['a', 'down', 120])], { a: 110 }],
  ['one that does not say', [pull(10, ['a', 'down'], ['b', 'slow'], ['c', 'throttled'])], { a: 50, b: 50, c: 50 }],
  ['one that serves again', [pull(5, ['a', 'has it']), pull(10, ['a', 'down'])], {}],
  ['one that is down again', [pull(10, ['a', 'has it']), pull(5, ['a', 'down'])], { a: 55 }],
  ['one that serves others, but named a time', [pull(10, ['a', 'throttled', 30]), pull(5, ['a', 'has it'])], { a: 20 }],
  ['the longest time counts', [pull(10, ['a', 'throttled', 30]), pull(5, ['a', 'throttled', 1])], { a: 20 }],
] as const) {
  test(`rests: ${what}`, () => assert.deepEqual(rests(...pulls), expected));
}

const answer = fc.record({
  mirror: fc.constantFrom('a', 'b'),
  answer: fc.constant(''),
  outcome: fc.constantFrom(...outcomes),
  retryAfter: fc.nat({ max: 86_400 }),
});
const pulls = fc.array(fc.record({ at: fc.integer({ min: now - 1_000_000, max: now }), answers: fc.array(answer) }));

test('whatever they say, and in whatever order pulls are listed: nobody rests longer than COOL_DOWN', () => {
  fc.assert(
    fc.property(pulls, (some) => {
      const resting = restingMirrors(some, coolDown, now);
      for (const until of resting.values()) assert.ok(until > now && until <= now + coolDown * 1000);
    }),
  );
});

test('those that rest go last, and nobody is lost', () => {
  const mirrors = ['a', 'b', 'c', 'a'].map((host, index) => ({ host, index }));
  const order = (...hosts: string[]) =>
    restingLast(mirrors, new Map(hosts.map((host) => [host, 1]))).map(({ index }) => index);
  assert.deepEqual(order(), [0, 1, 2, 3]);
  assert.deepEqual(order('a'), [1, 2, 0, 3]);
  assert.deepEqual(order('a', 'b', 'c'), [0, 1, 2, 3]);
});
