import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { bundles } from '../../build.ts';
import { readConfig } from '../../shared/config/config.ts';
import { variables } from '../../shared/config/variables.ts';
import { pullNamespaceObject } from '../../shared/pulls/prepare.ts';
import { type Manifest, render } from './render.ts';

const bases = { knative: render('knative'), standalone: render('standalone') };
const ofKind = (objects: readonly Manifest[], kind: string) => objects.filter((object) => object.kind === kind);

const configMap = z.looseObject({ data: z.record(z.string(), z.string()) });

for (const [name, objects] of Object.entries(bases)) {
  test(`${name}: the ConfigMap has every variable, with its default, and is a configuration`, () => {
    const [{ data } = { data: {} }] = ofKind(objects, 'ConfigMap').map((object) => configMap.parse(object));
    const expected = variables.map((one) => [one.name, one.default ?? '']);
    assert.deepEqual(
      Object.entries(data).map(([key, value]) => [key, key === 'DOCKER_PROXY_URL' ? '' : value]),
      expected,
    );
    const config = readConfig(data);
    const namespaces = ofKind(objects, 'Namespace').map(({ metadata }) => metadata.name);
    assert.ok(namespaces.includes(config.pullNamespace));
  });

  test(`${name}: no role has a wildcard, and each is bound to one account`, () => {
    const roles = [...ofKind(objects, 'ClusterRole'), ...ofKind(objects, 'Role')];
    assert.ok(roles.length > 0);
    for (const role of roles) {
      assert.doesNotMatch(JSON.stringify(role['rules']), /\*/, role.metadata.name);
      const bindings = objects.filter(
        (one) =>
          one.kind === `${role.kind}Binding` &&
          one.metadata.name === role.metadata.name &&
          one.metadata.namespace === role.metadata.namespace,
      );
      assert.equal(bindings.length, 1, role.metadata.name);
      const { roleRef, subjects } = z
        .looseObject({ roleRef: z.unknown(), subjects: z.array(z.looseObject({ kind: z.string(), name: z.string() })) })
        .parse(bindings[0]);
      const { name: roleName } = role.metadata;
      assert.deepEqual(roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: roleName });
      assert.deepEqual(
        subjects.map((one) => one.name),
        [roleName.replace(/^image-rescue-/, '')],
      );
    }
  });

  test(`${name}: pulls are made in a namespace like the one that would be made if it were missing`, () => {
    const { metadata } = pullNamespaceObject('image-rescue-pull');
    const made = ofKind(objects, 'Namespace').find((one) => one.metadata.name === metadata.name);
    const level = 'pod-security.kubernetes.io/enforce';
    assert.equal(made?.metadata.labels?.[level], metadata.labels[level]);
  });
}

const rules = z.array(
  z.strictObject({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
);

/** Accounts that may do this, with the namespace, or '' for all. */
function whoMay(verb: string, resource: string): string[] {
  return bases.knative
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .filter((role) =>
      rules.parse(role['rules']).some(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb)),
    )
    .map(({ metadata }) => `${metadata.name.replace(/^image-rescue-/, '')} ${metadata.namespace ?? ''}`.trim());
}

test('one hand for each thing: submit-cache creates and never writes to a pod, restore the other way round', () => {
  for (const resource of ['jobs', 'configmaps'])
    assert.deepEqual(whoMay('create', resource), ['submit-cache image-rescue-pull']);
  for (const resource of ['pods', 'namespaces', 'nodes']) assert.deepEqual(whoMay('create', resource), []);
  assert.deepEqual(whoMay('patch', 'pods'), ['restore']);
  assert.deepEqual(whoMay('create', 'events'), ['restore']);
  for (const resource of ['pods', 'events', 'configmaps', 'nodes']) assert.deepEqual(whoMay('delete', resource), []);
  for (const verb of ['update', 'deletecollection', 'escalate', 'bind', 'impersonate'])
    assert.doesNotMatch(JSON.stringify(bases.knative.map((object) => object['rules'])), new RegExp(`"${verb}"`));
  assert.doesNotMatch(JSON.stringify(bases.knative.map((object) => object['rules'])), /secrets/);
});

test('functions live in a restricted namespace, each under an account of its own', () => {
  const services = ofKind(bases.knative, 'Service');
  const commands = services.map(({ metadata }) => `${metadata.name}.cjs`);
  const entries = Object.entries(bundles).filter(([name]) => name !== 'pull.cjs');
  const functions = entries.flatMap(([name, entry]) => (entry.startsWith('functions/') ? [name] : []));
  assert.deepEqual(commands.sort(), functions.sort());
  const accounts = ofKind(bases.knative, 'ServiceAccount').map(({ metadata }) => metadata.name);
  for (const { metadata, ...service } of services) {
    assert.equal(metadata.namespace, 'image-rescue');
    assert.equal(metadata.labels?.['networking.knative.dev/visibility'], 'cluster-local');
    assert.ok(accounts.includes(metadata.name));
    assert.match(JSON.stringify(service), new RegExp(`"serviceAccountName":"${metadata.name}"`));
    assert.match(JSON.stringify(service), new RegExp(`"args":\\["${metadata.name}.cjs"\\]`));
    assert.match(JSON.stringify(service), /"image":"[^"]+@sha256:[0-9a-f]{64}"/, 'a tag would be resolved by Serving');
  }
  const namespace = ofKind(bases.knative, 'Namespace').find(({ metadata }) => metadata.name === 'image-rescue');
  assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
});

test('everything that is namespaced says so, and every file is used', () => {
  const clusterWide = /^(Namespace|ClusterRole|ClusterRoleBinding|ValidatingAdmissionPolicy.*)$/;
  for (const objects of Object.values(bases)) {
    for (const { kind, metadata } of objects)
      assert.equal(metadata.namespace === undefined, clusterWide.test(kind), `${kind} ${metadata.name}`);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
  }
});

test('the compose file hands on every variable, and the kubeconfig read-only', () => {
  const file = new URL('../../compose.yaml', import.meta.url);
  const { services } = z
    .looseObject({
      services: z.looseObject({
        'image-rescue': z.looseObject({ environment: z.record(z.string(), z.string()), volumes: z.array(z.string()) }),
      }),
    })
    .parse(parse(readFileSync(file, 'utf8')));
  const { environment, volumes } = services['image-rescue'];
  for (const { name } of variables) assert.match(environment[name] ?? '', new RegExp(`^\\$\\{${name}:[-?]`), name);
  assert.deepEqual(volumes, [`\${HOME}/.kube:${environment['KUBECONFIG']?.replace(/\/config$/, '')}:ro`]);
});
