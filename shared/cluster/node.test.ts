import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsPullRecords } from './node.ts';

for (const [kubelet, keeps] of [
  ['v1.36.3', true],
  ['v1.35.0+k3s1', true],
  ['v1.34.4', false],
  ['v1.28.15-eks-1', false],
  ['v2.0.0', true],
  ['unknown', false],
] as const) {
  test(`a kubelet ${kubelet} ${keeps ? 'keeps' : 'does not keep'} records of its pulls`, () =>
    assert.equal(keepsPullRecords(kubelet), keeps));
}
