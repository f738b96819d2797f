import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type TestCluster } from './cluster.ts';
import { pushImage } from './images.ts';
import { KubeError, type KubeObject, kubeFor } from './kube.ts';
import { missing } from './packages.ts';
import { isAlive, processesOf } from './processes.ts';
import { demoImage, pushNodeImage } from './stock-images.ts';

const reasons = await missing();
const skip = reasons.length > 0 && `no test cluster here: it lacks ${reasons.join('; ')}`;

interface ContainerStatus {
  state: { waiting?: { reason: string; message?: string }; running?: object; terminated?: { exitCode: number } };
}
type Pod = KubeObject & { status: { phase: string; containerStatuses?: ContainerStatus[] } };

const pods = '/api/v1/namespaces/default/pods';
const aPod = (name: string, container: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', ...container }] },
});
const waits = (pod: Pod) => pod.status.containerStatuses?.[0]?.state.waiting?.reason ?? '';
const runs = (pod: Pod) => pod.status.phase === 'Running';

describe('test cluster', { skip, timeout: 900_000 }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster({ hostConfig: true });
  });
  after(() => cluster?.stop());

  test('a pod with an image of the mirror address runs, and the audit log shows its creation', async () => {
    const { kube, mirror } = cluster;
    const repository = 'docker.io/library/demo';
    const pushed = await pushImage(mirror.address, repository, '1', await demoImage('of the mirror'));
    await kube.post(pods, aPod('mirrored', { image: `${mirror.address}/${repository}:1` }));
    await kube.until<Pod>(`${pods}/mirrored`, runs, 20_000, 'the pod to run');

    const asked = (await mirror.requests()).filter((r) => r.userAgent.startsWith('containerd/'));
    assert.ok(asked.some((r) => r.method === 'GET' && r.url.endsWith(pushed.layerDigest) && r.status === 200));
    assert.match(await cluster.ctr('images', 'list'), new RegExp(pushed.digest));
    const created = (await cluster.audit()).find((e) => e.verb === 'create' && e.name === 'mirrored' && !e.subresource);
    assert.partialDeepStrictEqual(created, {
      user: 'admin',
      namespace: 'default',
      resource: 'pods',
      code: 201,
      requestObject: { kind: 'Pod' },
    });

    const begun = Date.now();
    await kube.delete(`${pods}/mirrored`);
    await kube.gone(`${pods}/mirrored`, 20_000);
    assert.ok(Date.now() - begun < 10_000, 'the demo image ends on SIGTERM');
  });

  test('a pod with an image of the outside fails to pull, and the outside saw the request', async () => {
    const { kube } = cluster;
    await kube.post(pods, aPod('outside', { image: 'docker.io/library/demo:1' }));
    const pod = await kube.until<Pod>(`${pods}/outside`, (p) => /Pull/.test(waits(p)), 20_000, 'a failed pull');
    assert.match(waits(pod), /^(ErrImagePull|ImagePullBackOff)$/);
    assert.ok(cluster.outsideRequests().some((r) => r.host === 'registry-1.docker.io'));
    await kube.delete(`${pods}/outside`);
  });

  test('a registry of the outside that hangs keeps its pull waiting', async () => {
    const { kube } = cluster;
    cluster.outside('hang', 'hang.invalid');
    await kube.post(pods, aPod('hanging', { image: 'hang.invalid/demo:1' }));
    const asked = () => cluster.outsideRequests().some((r) => r.host === 'hang.invalid');
    await kube.until<Pod>(`${pods}/hanging`, asked, 20_000, 'containerd to ask');
    await sleep(3000);
    assert.equal(waits(await kube.get<Pod>(`${pods}/hanging`)), 'ContainerCreating');
    await kube.delete(`${pods}/hanging?gracePeriodSeconds=0`);
    await cluster.restart('containerd'); // ends the pull, which would hold the node's only slot
  });

  test('a host file with the mirror makes an image of the outside come, without a restart', async () => {
    const { kube, mirror, hostConfigFolder } = cluster;
    await pushImage(mirror.address, 'docker.io/library/routed', '1', await demoImage('routed'));
    await mkdir(join(hostConfigFolder, 'docker.io'));
    const route = `[host."http://${mirror.address}/v2/docker.io"]\ncapabilities = ["pull", "resolve"]\noverride_path = true\n`;
    await writeFile(join(hostConfigFolder, 'docker.io', 'hosts.toml'), route);
    await kube.post(pods, aPod('routed', { image: 'routed:1' }));
    await kube.until<Pod>(`${pods}/routed`, runs, 20_000, 'the pod to run');
  });

  test('the Node.js image runs, and reaches the API server with its service account', async () => {
    const { kube, mirror } = cluster;
    await pushNodeImage(mirror.address);
    const program = `
      const { readFileSync } = require('node:fs');
      const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
      const [token, ca] = ['token', 'ca.crt'].map((f) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + f, 'utf8'));
      const headers = { authorization: 'Bearer ' + token };
      require('node:https').get({ host, port, ca, headers, path: '/api/v1/namespaces/default/pods' }, (answer) => {
        console.log(process.version, answer.statusCode);
        answer.destroy();
      });`;
    const image = `${mirror.address}/docker.io/library/node:24-alpine`;
    await kube.post(pods, aPod('node', { image, command: ['node', '-e', program] }));
    const ended = (p: Pod) => p.status.containerStatuses?.[0]?.state.terminated !== undefined;
    await kube.until<Pod>(`${pods}/node`, ended, 30_000, 'the program to end');
    // 403: known and verified, but not allowed to list pods
    assert.equal((await kube.text(`${pods}/node/log`)).split('\n')[0], `${process.version} 403`);
  });

  test('the API server, the kubelet and another registry come and go', async () => {
    const other = await cluster.startRegistry('other');
    await pushImage(other.address, 'x', '1', await demoImage('other'));
    await other.stop();
    await assert.rejects(fetch(`http://${other.address}/v2/`));
    for (const component of ['apiserver', 'kubelet'] as const) await cluster.restart(component);
    await cluster.kube.get(`/api/v1/nodes/${cluster.nodeName}`);
    const noPod = cluster.kube.get(`${pods}/none`);
    await assert.rejects(noPod, (error: unknown) => error instanceof KubeError && error.status === 404);
  });

  test('a second cluster runs beside the first, a third is refused by the process ids of both', async () => {
    const second = await startCluster({ hostConfig: false });
    try {
      await second.kube.get(`/api/v1/nodes/${second.nodeName}`);
      await cluster.kube.get(`/api/v1/nodes/${cluster.nodeName}`);
      const both = new RegExp(`2 test clusters.*process ${process.pid}.*process ${process.pid}`);
      await assert.rejects(startCluster({ hostConfig: false }), both);
    } finally {
      await second.stop();
    }
  });

  test('after stop no process, bridge or file of it is left', async () => {
    const family = await processesOf(cluster.folder);
    assert.ok(family.length > 10, `a running cluster has many processes, not ${family.length}`);
    await cluster.stop();
    assert.deepEqual(family.filter(isAlive), []);
    assert.ok(!existsSync(cluster.folder));
    assert.deepEqual(
      Object.keys(networkInterfaces()).filter((n) => n.startsWith('irtest')),
      [],
    );
  });

  test('a killed test process leaves no process, and the next cluster starts, without a config_path', async (t) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    while (!said.includes('Ctrl-C ends it')) {
      assert.equal(child.exitCode, null, said);
      await sleep(50);
    }
    const folder = /\S+(?=\/admin\.kubeconfig)/.exec(said)?.[0] ?? '';
    const kube = await kubeFor(join(folder, 'admin.kubeconfig'));
    const mirror = /127\.0\.0\.1:\d+(?=\/docker\.io)/.exec(said)?.[0] ?? '';
    await pushImage(mirror, 'demo', '1', await demoImage('killed'));
    await kube.post(pods, aPod('killed', { image: `${mirror}/demo:1` }));
    await kube.until<Pod>(`${pods}/killed`, runs, 20_000, 'the pod to run');
    kube.close();
    const family = await processesOf(folder);
    assert.ok(family.length > 10, `a running cluster has many processes, not ${family.length}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const deadline = Date.now() + 2000;
    while (family.some(isAlive) && Date.now() < deadline) await sleep(10);
    assert.deepEqual(family.filter(isAlive), []);

    cluster = await startCluster({
      hostConfig: false,
      kubelet: { featureGates: { KubeletEnsureSecretPulledImages: false } },
    });
    assert.ok(!existsSync(folder), 'the folder of the killed one is removed');
    assert.ok(!existsSync(cluster.hostConfigFolder));
  });
});
