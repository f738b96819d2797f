import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf, picture } from './screen.ts';
import { watch } from './watch.ts';

/** What a watch shows of these looks, one after the other; then it is stopped. */
async function watched(...looks: (string | Error)[]): Promise<string[]> {
  const stop = new AbortController();
  const seen: string[] = [];
  await watch({
    look: async () => {
      const look = looks.shift() ?? '';
      if (look instanceof Error) throw look;
      return { text: `${look}!`, key: look };
    },
    show: (text) => void seen.push(text),
    complain: (error) => void seen.push((error as Error).message),
    pause: async () => {
      if (looks.length === 0) stop.abort();
    },
    stop: stop.signal,
  });
  return seen;
}

test('what has changed is shown, what has not is not', async () => {
  assert.deepEqual(await watched('a', 'a', 'b', 'b', 'a'), ['a!', 'b!', 'a!']);
});

test('a look that fails is told of once, and what comes after it is shown, changed or not', async () => {
  const broken = new Error('no answer');
  assert.deepEqual(await watched('a', broken, broken, 'a', broken), ['a!', 'no answer', 'a!', 'no answer']);
});

test('a first look that fails ends it', async () => {
  await assert.rejects(watched(new Error('no such host'), 'a'), /no such host/);
});

test('a picture is no higher than the terminal', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
  const shown = picture(`${lines}\n`, { isTTY: true, columns: 80, rows: 11 }).split('\n');
  assert.equal(shown.length, 11);
  assert.equal(shown.at(-2), '… 21 more lines');
  assert.match(shown[0] ?? '', /line 0$/);
});

for (const [what, terminal, env, colours, columns] of [
  ['a terminal', { isTTY: true, columns: 100, rows: 24 }, {}, true, 100],
  ['a terminal with NO_COLOR', { isTTY: true, columns: 100, rows: 24 }, { NO_COLOR: '1' }, false, 100],
  ['a terminal with an empty NO_COLOR', { isTTY: true, columns: 100, rows: 24 }, { NO_COLOR: '' }, true, 100],
  ['a pipe', { isTTY: false, columns: 0, rows: 0 }, {}, false, Number.POSITIVE_INFINITY],
] as const) {
  test(`${what}: ${colours ? 'colours' : 'no colours'}, ${columns} columns`, () => {
    const layout = layoutOf(terminal, env);
    assert.equal(layout.paint('red', 'x') !== 'x', colours);
    assert.equal(layout.columns, columns);
  });
}
