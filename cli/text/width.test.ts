import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fit, width, wrap } from './width.ts';

for (const [text, columns] of [
  ['abc', 3],
  ['镜像站', 6],
  ['한국', 4],
  ['e\u0301', 1],
  ['🚀', 2],
  ['', 0],
] as const) {
  test(`${JSON.stringify(text)} takes ${columns} columns`, () => assert.equal(width(text), columns));
}

for (const [text, columns, keep, shown] of [
  ['docker.io/library/nginx:1', 25, 'end', 'docker.io/library/nginx:1'],
  ['docker.io/library/nginx:1', 10, 'end', '…y/nginx:1'],
  ['web-7d4b9c-x2x4z', 8, 'start', 'web-7d4…'],
  ['镜像站', 4, 'start', '镜…'],
  ['abc', 1, 'start', '…'],
  ['abc', 0, 'start', ''],
] as const) {
  test(`${text} in ${columns} columns is ${shown}`, () => assert.equal(fit(text, columns, keep), shown));
}

test('nothing that is fitted or wrapped is wider than its room; what is wrapped loses no word that fits', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '像', 'e\u0301'), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 30 }), (given, columns) => {
      assert.ok(width(fit(given, columns)) <= columns);
      assert.ok(width(fit(given, columns, 'end')) <= columns);
      const lines = wrap(given, columns);
      for (const line of lines) assert.ok(width(line) <= columns, line);
      const words = (some: string) => some.split(' ').filter((word) => word !== '' && width(word) <= columns);
      const kept = words(lines.join(' ')).filter((word) => !word.endsWith('…'));
      assert.deepEqual(kept, words(given));
    }),
  );
});
