import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, bundles } from '../build.ts';

/** The packages that an entry point brings along. */
function packagesIn(entry: string): Set<string> {
  const inputs = Object.keys(build(entry).inputs);
  return new Set(inputs.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
}

for (const name of ['detect.cjs', 'dead-letter.cjs'] as const) {
  test(`${name} has no Kubernetes client: it starts for every event`, () => {
    const packages = packagesIn(bundles[name]);
    assert.ok(packages.has('express'));
    assert.deepEqual(
      [...packages].filter((one) => one.includes('kubernetes') || one === 'undici'),
      [],
    );
  });
}

test('what asks the API server has the client', () => {
  assert.ok(packagesIn(bundles['restore.cjs']).has('@kubernetes/client-node'));
});

test('the program on the nodes has neither an HTTP framework nor a Kubernetes client', () => {
  const packages = packagesIn(bundles['pull.cjs']);
  assert.ok(packages.has('@grpc/grpc-js'));
  assert.deepEqual(
    [...packages].filter((one) => one === 'express' || one === '@kubernetes/client-node'),
    [],
  );
});
