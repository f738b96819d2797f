import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from './cluster/audit.ts';
import { grants, needs } from './permissions.ts';

const request = (verb: string, resource: string, namespace: string, subresource?: string): AuditEntry => ({
  verb,
  resource,
  namespace,
  ...(subresource === undefined ? {} : { subresource }),
  user: 'u',
  userAgent: 'a',
  time: '2026-01-01T00:00:00Z',
});
const rule = (resources: string[], verbs: string[]) => ({ apiGroups: [''], resources, verbs });
const needed = (permissions: Parameters<typeof grants>[0], ...requests: AuditEntry[]) =>
  Object.fromEntries(
    [...needs(grants(permissions, 'pulls'), requests)].map(([words, one]) => [words, one !== undefined]),
  );

test('a permission is needed where a request would have been refused without it', () => {
  const cluster = [rule(['pods'], ['get', 'list'])];
  assert.deepEqual(needed({ cluster }, request('get', 'pods', 'default')), { 'get pods': true, 'list pods': false });
});

test('a permission in one namespace is needed only for what no other covers, and only there', () => {
  const pulls = [rule(['pods'], ['get'])];
  const get = request('get', 'pods', 'pulls');
  assert.deepEqual(needed({ pulls }, get), { 'get pods in pulls': true });
  assert.deepEqual(needed({ pulls }, request('get', 'pods', 'default')), { 'get pods in pulls': false });
  const cluster = [rule(['pods'], ['get'])];
  assert.deepEqual(needed({ cluster, pulls }, get), { 'get pods': false, 'get pods in pulls': false });
  const elsewhere = request('get', 'pods', 'default');
  assert.deepEqual(needed({ cluster, pulls }, get, elsewhere), { 'get pods': true, 'get pods in pulls': false });
});

test('a subresource is another resource', () => {
  assert.deepEqual(needed({ cluster: [rule(['pods'], ['get'])] }, request('get', 'pods', 'x', 'log')), {
    'get pods': false,
  });
});
