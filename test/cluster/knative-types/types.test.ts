import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { type Manifest, render } from '../../knative/render.ts';
import { build } from '../build.ts';
import { whereIs } from '../packages.ts';
import { environment, run } from '../run.ts';

// Manifests, read by Knative's own Go types and by kubectl's own kustomize.

const root = path.resolve(import.meta.dirname, '../../..');
const noGo = (await whereIs('go')) === undefined && 'missing: Go (Knative’s types are Go modules)';
let folder: string;
let kubectl: string;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'image-rescue-manifests-'));
  kubectl = path.join(await build('kubernetes', (line) => void process.stderr.write(`${line}\n`)), 'kubectl');
  if (noGo === false) {
    const flags = ['-C', import.meta.dirname, 'build', '-mod=readonly', '-buildvcs=false'];
    await run('go', [...flags, '-o', path.join(folder, 'types'), '.'], {
      CGO_ENABLED: '0',
      GOWORK: 'off',
      GOFLAGS: '',
    });
  }
});
after(() => rm(folder, { recursive: true, force: true }));

/** What is wrong with Knative objects, one line each. */
async function problems(objects: readonly Manifest[]): Promise<string[]> {
  const knatives = objects.filter(({ apiVersion }) => /\.knative\.dev\//.test(apiVersion));
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
    const child = execFile(path.join(folder, 'types'), { env: environment() }, (error, out) =>
      error === null ? resolve({ stdout: out }) : reject(error),
    );
    child.stdin?.end(knatives.map((object) => `---\n${JSON.stringify(object)}\n`).join(''));
  });
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; name: string; problem: string });
  assert.equal(told.length, knatives.length);
  return told.flatMap(({ kind, name, problem }) => (problem === '' ? [] : [`${kind} ${name}: ${problem}`]));
}

const kustomize = async (base: string) =>
  parseAllDocuments(await run(kubectl, ['kustomize', base])).map((document) => document.toJS() as Manifest);
const sorted = (objects: readonly Manifest[]) =>
  Object.fromEntries(objects.map((one) => [`${one.kind} ${one.metadata.namespace} ${one.metadata.name}`, one]));

for (const base of ['knative', 'standalone']) {
  test(`${base}: what the tests render is what kubectl does`, async () => {
    assert.deepEqual(sorted(render(base)), sorted(await kustomize(path.join(root, base))));
  });
}

test("Knative's types decode every object strictly, and find nothing wrong after its defaults", {
  skip: noGo,
}, async () => {
  assert.deepEqual(await problems(render('knative')), []);
});

for (const [kind, from, to, expected] of [
  ['Trigger', '"filters"', '"filtres"', /unknown field "filtres"/],
  ['Trigger', '{"kind":"Pod"}', '{"Kind":"Pod"}', /invalid key name "Kind"/],
  ['Broker', 'PT0.2S', '200ms', /200ms/],
  ['ApiServerSource', '"Resource"', '"Resources"', /Resources/],
  ['PingSource', '*/5 * * * *', '*/5 * * *', /found 4/],
  ['SinkBinding', '"kind":"Service",', '', /spec.subject.kind/],
  ['Service', '"runAsNonRoot":true', '"runAsNonRoot":true,"privileged":true', /must not set the field.*privileged/],
  ['Service', 'min-scale":"1"', 'min-scale":"one"', /min-scale/],
  ['Service', '"containerPort":8080', '"containerPort":8012', /8012/],
] as const) {
  test(`they would find ${to || `no ${from}`} in a ${kind}`, { skip: noGo }, async () => {
    const text = JSON.stringify(render('knative').find((object) => object.kind === kind));
    assert.ok(text.includes(from), `there is no ${from}`);
    const [problem = ''] = await problems([JSON.parse(text.replace(from, to)) as Manifest]);
    assert.match(problem, expected);
  });
}

for (const component of await readdir(path.join(root, 'knative/components'))) {
  test(`with the component ${component} the base renders, and its objects are as right`, { skip: noGo }, async () => {
    const copy = path.join(folder, component);
    await cp(path.join(root, 'knative'), copy, { recursive: true });
    const file = path.join(copy, 'kustomization.yaml');
    await writeFile(file, `${await readFile(file, 'utf8')}components:\n  - components/${component}\n`);
    const objects = await kustomize(copy);
    assert.ok(objects.length > render('knative').length);
    // Other projects' kinds have no type here.
    assert.deepEqual(
      (await problems(objects)).filter((line) => !line.endsWith('no Knative type')),
      [],
    );
    if (!component.startsWith('broker-')) return;
    const [broker] = objects.filter(({ kind }) => kind === 'Broker');
    const [before] = render('knative').filter(({ kind }) => kind === 'Broker');
    assert.equal(broker?.metadata.annotations?.['messaging.knative.dev/async-handler'], undefined);
    const config = Reflect.get(Object(broker?.['spec']), 'config') as { kind: string; name: string };
    assert.ok(objects.some(({ kind, metadata }) => kind === config.kind && metadata.name === config.name));
    assert.deepEqual(
      { ...Object(broker?.['spec']), config: undefined },
      { ...Object(before?.['spec']), config: undefined },
    );
  });
}
