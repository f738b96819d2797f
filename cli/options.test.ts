import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../shared/config/command-line.ts';
import { parseOptions } from './options.ts';

const status = { command: 'status', watch: false, output: 'text', pullNamespace: 'image-rescue-pull' };
const explain = { command: 'explain', pod: 'web-1', output: 'text', pullNamespace: 'image-rescue-pull' };

for (const [line, options] of [
  ['status', status],
  ['status -A', status],
  ['status -n team-a', { ...status, namespace: 'team-a' }],
  ['-n team-a status', { ...status, namespace: 'team-a' }],
  ['status --namespace=team-a -w -ojson', { ...status, namespace: 'team-a', watch: true, output: 'json' }],
  ['status --context c --kubeconfig /k', { ...status, context: 'c', kubeconfig: '/k' }],
  ['status --pull-namespace pulls', { ...status, pullNamespace: 'pulls' }],
  ['explain web-1', explain],
  ['explain pod/web-1', explain],
  ['explain team-a/web-1', { ...explain, namespace: 'team-a' }],
  ['explain web-1 -n team-a -o json', { ...explain, namespace: 'team-a', output: 'json' }],
  ['help', { command: 'help' }],
  ['status --help', { command: 'help' }],
] as const) {
  test(`image-rescue ${line}`, () => {
    assert.deepEqual(parseOptions(line.split(' '), {}), options);
  });
}

for (const [line, words] of [
  ['', /a command is missing/],
  ['stats', /no command "stats"/],
  ['status web-1', /explain POD/],
  ['status -o yaml', /"yaml": json or text/],
  ['status -n Team', /"Team": not a namespace name/],
  ['status -A -n x', /exclude/],
  ['status --what', /--what/],
  ['status -n', /namespace/],
  ['explain', /which pod/],
  ['explain a b', /not also about "b"/],
  ['explain a/b/c', /not the name of a pod/],
  ['explain ../secrets', /not a namespace name/],
  ['explain web-1 --watch', /one pod, once/],
] as const) {
  test(`image-rescue ${line} is wrong usage`, () => {
    const argv = line.split(' ').filter((word) => word !== '');
    assert.throws(
      () => parseOptions(argv, {}),
      (error) => error instanceof UsageError && words.test(error.message),
    );
  });
}

test('PULL_NAMESPACE in the environment counts, a flag more', () => {
  const env = { PULL_NAMESPACE: 'pulls' };
  assert.deepEqual(parseOptions(['status'], env), { ...status, pullNamespace: 'pulls' });
  assert.deepEqual(parseOptions(['status', '--pull-namespace', 'x'], env), { ...status, pullNamespace: 'x' });
  assert.deepEqual(parseOptions(['status'], { PULL_NAMESPACE: '' }), status);
  assert.throws(() => parseOptions(['status'], { PULL_NAMESPACE: 'A/B' }), UsageError);
});
