import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from './cluster/audit.ts';
import { type Grant, grants, inWords, needFor } from './permissions.ts';

const request = (verb: string, resource: string, namespace: string, subresource?: string): AuditEntry => ({
  verb,
  resource,
  namespace,
  ...(subresource === undefined ? {} : { subresource }),
  user: 'u',
  userAgent: 'a',
  time: '2026-01-01T00:00:00Z',
});
const needed = (granted: Grant[], ...requests: AuditEntry[]) =>
  granted.filter((grant) => needFor(grant, granted, requests) !== undefined).map(inWords);

const get = { verb: 'get', resource: 'pods' };
const list = { verb: 'list', resource: 'pods' };
const getThere = { ...get, namespace: 'pulls' };

test('a permission is needed where a request would have been refused without it', () => {
  assert.deepEqual(needed([get, list], request('get', 'pods', 'default')), ['get pods']);
  assert.deepEqual(needed([get], request('get', 'pods', 'default', 'log')), [], 'a subresource is another resource');
});

test('a permission in one namespace is needed only there, and only where no other would do', () => {
  assert.deepEqual(needed([getThere], request('get', 'pods', 'pulls')), ['get pods in pulls']);
  assert.deepEqual(needed([getThere], request('get', 'pods', 'default')), []);
  assert.deepEqual(needed([get, getThere], request('get', 'pods', 'pulls')), []);
  assert.deepEqual(needed([get, getThere], request('get', 'pods', 'default')), ['get pods']);
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
});
