import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyItWaits } from './why-it-waits.ts';

const scheduled = { reason: 'Scheduled', message: 'Successfully assigned', at: 0 };
const pulling = { reason: 'Pulling', message: 'Pulling image "x:1"', at: 1_000 };

test('a pull without an end is told with the setting that cures it, not before its time', () => {
  assert.equal(whyItWaits([scheduled, pulling], 200_000, 300), undefined);
  assert.match(whyItWaits([scheduled, pulling], 400_000, 300)?.why ?? '', /399 s.*serializeImagePulls: false.*x:1/);
});

test('what came after the pull counts, not the pull', () => {
  const pulled = { reason: 'Pulled', message: 'Successfully pulled', at: 2_000 };
  assert.equal(whyItWaits([scheduled, pulling, pulled], 400_000, 300), undefined);
});

test('a blocked sandbox image is told with the setting to change', () => {
  const message =
    'Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = failed to start sandbox "a": failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": no such host';
  assert.match(
    whyItWaits([{ reason: 'FailedCreatePodSandBox', message, at: 0 }], 0, 300)?.why ?? '',
    /pinned_images.*"Failed to create/,
  );
  const entrypoint = 'Error: failed to start container "pause": exec: "/pause": permission denied';
  assert.equal(whyItWaits([{ reason: 'FailedCreatePodSandBox', message: entrypoint, at: 0 }], 0, 300), undefined);
  const network = { reason: 'FailedCreatePodSandBox', message: 'failed to setup network for sandbox: no CNI', at: 0 };
  assert.equal(whyItWaits([network], 0, 300), undefined);
});

test('without a word of the kubelet nothing is told', () => assert.equal(whyItWaits([], 0, 300), undefined));
