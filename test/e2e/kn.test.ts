import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import * as z from 'zod';
import { build } from '../cluster/build.ts';
import { startCluster, type TestCluster } from '../cluster/cluster.ts';
import { kindsAreServed } from '../cluster/kinds.ts';
import { kubectlOn } from '../cluster/objects.ts';
import { run } from '../cluster/run.ts';
import { render } from '../knative/render.ts';

// The kn commands of the READMEs, run by the real kn against an API server with Serving's own Service, without its
// controllers and webhooks.

let cluster: TestCluster;
before(async () => {
  const built = await build('kn', (line) => void process.stderr.write(`test cluster: ${line}\n`));
  cluster = await startCluster({ hostConfig: false });
  await cluster.kubectl('create', '-f', path.join(built, 'config/core/300-resources/service.yaml'));
  await cluster.kubectl('create', 'namespace', 'image-rescue');
  await kindsAreServed(cluster.kube);
  // Nothing makes a Service ready here.
  const command = `#!/bin/sh\nexec '${path.join(built, 'kn')}' "$@" --no-wait\n`;
  await writeFile(path.join(cluster.folder, 'kn'), command, { mode: 0o755 });
});
after(() => cluster?.stop());

/** Runs the one block of kn commands of a README. Throws with kn's words. */
async function runBlock(readme: string): Promise<void> {
  const text = await readFile(path.join(import.meta.dirname, '../..', readme), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const [block = '', ...more] = blocks.filter((one) => one.includes('kn service apply'));
  assert.ok(block !== '' && more.length === 0, `${readme} has one block of kn commands`);
  const { folder, kubeconfig } = cluster;
  await run('/bin/sh', ['-euc', block], { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, KUBECONFIG: kubeconfig });
}

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), generation: z.number(), labels: z.record(z.string(), z.string()) }),
  spec: z.strictObject({
    template: z.strictObject({
      metadata: z.strictObject({
        annotations: z.record(z.string(), z.string()),
        creationTimestamp: z.null().exactOptional(),
      }),
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({ name: z.string().exactOptional(), securityContext: z.record(z.string(), z.unknown()) }),
        ]),
      }),
    }),
  }),
});

/** The Services as they are stored, without what kn alone writes and what it cannot. */
async function stored() {
  const { items } = await cluster.kube.get<{ items: unknown[] }>(
    '/apis/serving.knative.dev/v1/namespaces/image-rescue/services',
  );
  return items.map((item) => {
    const { metadata, spec } = serviceSchema.parse(item);
    const { annotations } = spec.template.metadata;
    const [{ name, securityContext, ...container }] = spec.template.spec.containers;
    const { 'client.knative.dev/user-image': _note, ...ours } = annotations;
    const { readOnlyRootFilesystem: _noOption, ...expressible } = securityContext;
    assert.ok(!name, 'Serving names the container');
    return {
      ...metadata,
      annotations: ours,
      spec: { ...spec.template.spec, containers: [{ ...container, securityContext: expressible }] },
    };
  });
}

const removed = () => cluster.kubectl('delete', 'services.serving.knative.dev', '--all', '-n', 'image-rescue');

for (const readme of ['README.md', 'README.zh-CN.md']) {
  test(`${readme}: kn makes the same services as knative/services.yaml, and a second time changes nothing`, async () => {
    await removed();
    const services = render('knative').filter(({ kind }) => kind === 'Service');
    await kubectlOn(cluster, 'create', services, '--validate=strict');
    const fromYaml = await stored();
    await removed();
    assert.equal(fromYaml.length, 5);

    await runBlock(readme);
    assert.deepEqual(await stored(), fromYaml);
    await runBlock(readme);
    assert.deepEqual(await stored(), fromYaml);
  });
}
