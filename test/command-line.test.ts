import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { bundle, bundles } from '../build.ts';

// What every command and every bundle says of an argument that it does not take.

const root = path.resolve(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'image-rescue-arguments-'));
after(() => rmSync(folder, { recursive: true }));

function run(args: readonly string[]) {
  const env = { PATH: process.env['PATH'], HOME: folder, DOCKER_PROXY_URL: 'm.example' };
  return spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', timeout: 60_000 });
}

const scripts = {
  'npm start': ['standalone/main.ts'],
  'npm run demo': ['standalone/demo/main.ts'],
  'npm run status': ['cli/main.ts', 'status'],
  'npm run image': ['image/main.ts'],
  'npm test': ['test/run.ts'],
  'npm run test:unit': ['test/run.ts', 'unit'],
  'npm run bench': ['test/bench/main.ts'],
  'the test cluster': ['test/cluster/main.ts'],
};
const bundled = Object.entries(bundles).map(([name, entry]) => {
  const file = path.join(folder, name);
  writeFileSync(file, bundle(entry));
  return [name, [file]] as const;
});

for (const [name, command] of [...Object.entries(scripts), ...bundled]) {
  for (const wrong of ['--foo', 'no-such-thing']) {
    test(`${name} ${wrong}: one line that says what was wrong and where to look, and 2`, () => {
      const { status, stdout, stderr } = run([...command, wrong]);
      assert.match(stderr, /^(.* --help|usage: .*registry\|pull\|clean.*)\n$/);
      if (!name.startsWith('pull')) assert.ok(stderr.includes(wrong), stderr);
      assert.equal(stdout, '');
      assert.equal(status, 2);
    });
  }
}

for (const [words, says] of [
  [['test/bench/main.ts', '--runs', 'x'], /--runs is x: expected .* Example: --runs 5/],
  [['test/bench/main.ts', '--runs', '0'], /--runs is 0/],
  [['standalone/demo/main.ts', '--way', 'x'], /--way is x: expected route or name/],
  [['standalone/demo/main.ts', '--timeout', 'x'], /--timeout is x: expected seconds/],
  [['test/cluster/main.ts', '--outside', 'x'], /--outside is x: expected refuse, slow or hang/],
  [['test/run.ts', 'unit', 'e2e/route'], /no test file of npm run test:unit has e2e\/route in its path/],
] as const) {
  test(`${words.join(' ')}: what was expected`, () => {
    const { status, stderr } = run(words);
    assert.match(stderr, says);
    assert.equal(status, 2);
  });
}
