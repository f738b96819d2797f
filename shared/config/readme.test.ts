import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ComponentName, pinned } from '../../test/cluster/build.ts';
import { publicRegistries } from '../images/rules.ts';
import { variables } from './variables.ts';

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const rows = (text: string) =>
  (/<!-- variables -->\n([\s\S]*?)<!-- \/variables -->/.exec(text)?.[1] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'));

test('the README has every variable, with its meaning and default', () => {
  const expected = variables.map(
    ({ name, meaning, default: usual }) =>
      `| \`${name}\` | ${meaning} | ${usual === undefined ? '' : `\`${usual}\``} |`,
  );
  assert.deepEqual(rows(read('README.md')), expected);
});

test('the Chinese README has the same variables in the same order, with the same defaults', () => {
  const columns = (text: string) => rows(text).map((row) => [row.split(' | ')[0], row.split(' | ').at(-1)]);
  assert.deepEqual(columns(read('README.zh-CN.md')), columns(read('README.md')));
});

for (const readme of ['README.md', 'README.zh-CN.md']) {
  test(`${readme} has the registries that MIRROR_REGISTRIES opens by default, and the versions that the tests run on`, async () => {
    const text = read(readme);
    assert.match(
      text,
      new RegExp(`^\\| \`MIRROR_REGISTRIES\` .*${RegExp.escape(publicRegistries.join(', '))} \\|`, 'm'),
    );
    const components: [says: string, ComponentName, folder?: string][] = [
      ['Kubernetes ', 'kubernetes'],
      ['', 'kubernetes', 'kubernetes-1.34'],
      ['containerd ', 'containerd'],
      ['Knative Eventing ', 'knative'],
      ['`kn` ', 'kn'],
    ];
    for (const [says, component, folder] of components) {
      const { version } = await pinned(component, folder);
      assert.ok(text.includes(`${says}${version}`), `${says}${version}`);
    }
  });
}

test('both READMEs name the same two commands', () => {
  const commands = (text: string) =>
    [...text.matchAll(/^(npm ci && npm [a-z ]+?)\s*(#|$)/gm)].map(([, command]) => command);
  assert.equal(commands(read('README.md')).length, 2);
  assert.deepEqual(commands(read('README.zh-CN.md')), commands(read('README.md')));
});
