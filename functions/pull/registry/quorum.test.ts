import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agreement, contradiction, disagreement } from './quorum.ts';

const votes = (...said: string[]) =>
  said.map((one) => ({ host: one.split(' ')[0] ?? '', digest: one.split(' ')[1] ?? '' }));

for (const [what, said, expected] of [
  ['nobody', [], undefined],
  ['one', ['a 1'], undefined],
  ['one twice', ['a 1', 'a 1'], undefined],
  ['two that differ', ['a 1', 'b 2'], undefined],
  ['two that agree', ['a 1', 'b 1'], ['a', 'b']],
  ['two of three', ['a 1', 'b 2', 'c 2'], ['b', 'c']],
  ['one that says both', ['a 1', 'a 2', 'b 2'], ['a', 'b']],
] as const) {
  test(`${what}: ${expected?.join(' and ') ?? 'no'} agreement`, () => {
    assert.deepEqual(
      agreement(votes(...said))?.map(({ host }) => host),
      expected,
    );
  });
}

test('whoever agrees is two hosts and one digest', () => {
  const vote = fc.record({ host: fc.constantFrom('a', 'b', 'c'), digest: fc.constantFrom('1', '2', '3') });
  fc.assert(
    fc.property(fc.array(vote), (some) => {
      const found = agreement(some);
      const possible = some.some((x) => some.some((y) => x.host !== y.host && x.digest === y.digest));
      assert.equal(found !== undefined, possible);
      if (found) assert.ok(found[0].host !== found[1].host && found[0].digest === found[1].digest);
    }),
  );
});

test('why there is none', () => {
  assert.match(disagreement('x:1', []), /^no mirror served x:1$/);
  assert.match(disagreement('x:1', votes('a 1', 'a 1')), /only one mirror served x:1/);
  assert.match(disagreement('x:1', votes('a 1', 'b 2')), /do not agree on x:1.*a says 1, b says 2/);
});

test('another node runs another digest: a contradiction, of which the node is not told', () => {
  const why = contradiction('x:1', 'sha256:1', [
    { node: 'n1', digest: 'sha256:1' },
    { node: 'n2', digest: 'sha256:2' },
  ]);
  assert.match(why ?? '', /^name x:1 by its digest: another node runs it .* sha256:1/);
  assert.doesNotMatch(why ?? '', /n2|sha256:2/);
  assert.equal(contradiction('x:1', 'sha256:1', [{ node: 'n1', digest: 'sha256:1' }]), undefined);
  assert.equal(contradiction('x:1', 'sha256:1', []), undefined);
});
