import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from './cluster/audit.ts';
import { covers, grants, inWords } from './permissions.ts';

const request = (verb: string, resource: string, namespace: string, subresource?: string): AuditEntry => ({
  verb,
  resource,
  namespace,
  ...(subresource === undefined ? {} : { subresource }),
  user: 'u',
  userAgent: 'a',
  time: '2026-01-01T00:00:00Z',
});
const get = { verb: 'get', resource: 'pods' };

test('a permission covers a request of its verb on its resource; a subresource is another resource', () => {
  assert.equal(covers(get, request('get', 'pods', 'default')), true);
  assert.equal(covers(get, request('list', 'pods', 'default')), false);
  assert.equal(covers(get, request('get', 'pods', 'default', 'log')), false);
});

test('a permission in one namespace covers requests there only', () => {
  const there = { ...get, namespace: 'pulls' };
  assert.equal(covers(there, request('get', 'pods', 'pulls')), true);
  assert.equal(covers(there, request('get', 'pods', 'default')), false);
});

test("manifests give an account its own bindings' roles", () => {
  const rules = (verb: string) => [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }];
  const subjects = (name: string) => [{ kind: 'ServiceAccount', name, namespace: 'x' }];
  const bound = (name: string, kind: string, account: string, namespace?: string) => ({
    kind: `${kind}Binding`,
    metadata: { name, namespace },
    roleRef: { kind, name },
    subjects: subjects(account),
  });
  const manifests = [
    { kind: 'ClusterRole', metadata: { name: 'a' }, rules: rules('get') },
    { kind: 'Role', metadata: { name: 'a', namespace: 'pulls' }, rules: rules('list') },
    { kind: 'ClusterRole', metadata: { name: 'b' }, rules: rules('delete') },
    bound('a', 'ClusterRole', 'one'),
    bound('a', 'Role', 'one', 'pulls'),
    bound('b', 'ClusterRole', 'other'),
  ];
  const found = grants(JSON.parse(JSON.stringify(manifests)), { name: 'one', namespace: 'x' });
  assert.deepEqual(found.map(inWords), ['get pods', 'list pods in pulls']);
  assert.deepEqual(
    found.map(({ role }) => role.replace(/^.*v1/, '')),
    ['/clusterroles/a', '/namespaces/pulls/roles/a'],
  );
});
