import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { pushImage } from '../cluster/images.ts';
import { demoImage } from '../cluster/stock-images.ts';
import type { Bed } from './bed.ts';
import { casesOn } from './cases.ts';

// `npm run demo` on somebody's own cluster, with mirrors of his own.

const onNode = casesOn({ hostConfig: true });
const main = new URL('../../standalone/demo/main.ts', import.meta.url).pathname;

async function demo(bed: Bed, args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { RUNTIME_SOCKET = '', HOST_CONFIG_FOLDER = '', DOCKER_PROXY_URL = '' } = bed.env;
  const env = {
    PATH: process.env['PATH'],
    KUBECONFIG: bed.cluster.kubeconfig,
    RUNTIME_SOCKET,
    HOST_CONFIG_FOLDER,
    DOCKER_PROXY_URL,
  };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** Nothing of a demo stays. */
async function assertGone(bed: Bed): Promise<void> {
  await bed.cluster.kube.gone('/api/v1/namespaces/image-rescue-demo', 60_000);
  assert.deepEqual(await bed.jobs(), []);
}

onNode('it asks before it touches a cluster, and without anybody to ask it does nothing', async (bed) => {
  const { code, err } = await demo(bed, []);
  assert.equal(code, 2);
  assert.match(err, /creates\n\s+namespace image-rescue-demo/);
  assert.match(err, /--yes/);
  await assert.rejects(bed.cluster.kube.get('/api/v1/namespaces/image-rescue-demo'), /404/);
});

onNode('a mirror that does not have the image: it ends with 1 and leaves nothing', async (bed) => {
  const { code, out } = await demo(bed, ['--yes', '--json', '--timeout', '20']);
  assert.equal(code, 1);
  const told = JSON.parse(out) as { running: boolean; told: string[] };
  assert.equal(told.running, false);
  assert.ok(
    told.told.some((line) => line.startsWith('ImageRescueFailed')),
    out,
  );
  await assertGone(bed);
});

onNode('with a mirror in DOCKER_PROXY_URL: the pod runs, one object with milliseconds per step', async (bed) => {
  const { address } = bed.cluster.mirror;
  await pushImage(address, 'docker.io/library/busybox', '1', await demoImage('a busybox of docker.io'));
  const { code, out, err } = await demo(bed, ['--yes', '--json']);
  assert.equal(code, 0, err);
  const { running, way, milliseconds } = JSON.parse(out) as {
    running: boolean;
    way: string;
    milliseconds: Record<string, number>;
  };
  assert.equal(running, true);
  assert.equal(way, 'route');
  assert.equal(milliseconds['failed'], 0);
  for (const step of ['submitted', 'pulled', 'woken', 'running'])
    assert.ok((milliseconds[step] ?? 0) > 0, `${step}: ${out}`);
  await assertGone(bed);
});

onNode('a wrong option: one line, exit 2', async (bed) => {
  for (const args of [['--timeout', 'soon'], ['--way', 'else'], ['--nonsense']]) {
    const { code, err } = await demo(bed, args);
    assert.equal(code, 2, err);
    assert.equal(err.trim().split('\n').length, 1, err);
  }
});
