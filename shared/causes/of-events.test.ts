import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeToldOf } from './of-events.ts';

const failed = (message: string, from = 'kubelet') => ({ reason: 'Failed', message, from });
const noSuchHost = failed('Failed to pull image "demo:1": rpc error: dial tcp: lookup docker.io: no such host');

test('the cause of an image is what its kubelet said last of that image', () => {
  const events = [failed('Failed to pull image "demo:1": toomanyrequests'), noSuchHost, failed('Error: ErrImagePull')];
  assert.equal(causeToldOf(events, 'docker.io/library/demo:1')?.helps, 'yes');
  assert.equal(
    causeToldOf(events, 'docker.io/library/demo:1')?.cause,
    causeToldOf([noSuchHost], 'docker.io/library/demo:1')?.cause,
  );
});

test('of another image, or by another hand, it says nothing', () => {
  assert.equal(causeToldOf([noSuchHost], 'docker.io/library/other:1'), undefined);
  assert.equal(causeToldOf([{ ...noSuchHost, from: 'somebody' }], 'docker.io/library/demo:1'), undefined);
  assert.equal(causeToldOf([], 'docker.io/library/demo:1'), undefined);
});
