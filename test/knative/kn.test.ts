import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import * as z from 'zod';
import { knServiceApply } from './kn.ts';
import { render } from './render.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'image-rescue-kn-'));
after(() => rmSync(folder, { recursive: true }));

/** The commands of a README, run by a shell with a `kn` that only writes down its arguments. */
function calledBy(readme: string): string[][] {
  const text = readFileSync(new URL(`../../${readme}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const script = blocks.filter((block) => block.includes('kn service apply'));
  assert.equal(script.length, 1, `${readme} has one block of kn commands`);
  const calls = path.join(folder, readme);
  writeFileSync(calls, '');
  const kn = path.join(folder, 'kn');
  writeFileSync(kn, `#!/bin/sh\nprintf '%s\\n' "$@" "" >> '${calls}'\n`);
  chmodSync(kn, 0o755);
  execFileSync('/bin/sh', ['-euc', script[0] ?? ''], { env: { PATH: `${folder}:/usr/bin:/bin` } });
  return readFileSync(calls, 'utf8')
    .split('\n\n')
    .filter(Boolean)
    .map((call) => call.split('\n'));
}

const serviceSchema = z.strictObject({
  apiVersion: z.literal('serving.knative.dev/v1'),
  kind: z.literal('Service'),
  metadata: z.strictObject({ name: z.string(), namespace: z.string(), labels: z.record(z.string(), z.string()) }),
  spec: z.strictObject({
    template: z.strictObject({
      metadata: z.strictObject({ annotations: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({ securityContext: z.looseObject({ readOnlyRootFilesystem: z.literal(true) }) }),
        ]),
      }),
    }),
  }),
});

for (const readme of ['README.md', 'README.zh-CN.md']) {
  test(`${readme}: kn makes the same services as knative/services.yaml`, () => {
    const fromKn = calledBy(readme).map(knServiceApply);
    const fromYaml = render('knative')
      .filter(({ kind }) => kind === 'Service')
      .map((object) => {
        const { metadata, spec } = serviceSchema.parse(object);
        const { containers, ...podSpec } = spec.template.spec;
        const [{ securityContext, ...container }] = containers;
        // The one thing for which kn has no option.
        const { readOnlyRootFilesystem: _, ...expressible } = securityContext;
        return {
          metadata,
          annotations: spec.template.metadata.annotations,
          spec: podSpec,
          container: { ...container, securityContext: expressible },
        };
      });
    assert.equal(fromYaml.length, 5);
    assert.deepEqual(fromKn, fromYaml);
  });
}

test('a command that kn would not take is not taken', () => {
  assert.throws(() => knServiceApply(['service', 'apply', 'x', '--min-scale', '1']), /--min-scale/);
  assert.throws(() => knServiceApply(['service', 'create', 'x']), /expected kn service apply/);
});
