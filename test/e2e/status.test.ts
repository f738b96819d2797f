import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { buildAll } from '../../build.ts';
import type { Explanation } from '../../cli/report/explain.ts';
import type { StatusReport } from '../../cli/report/status.ts';
import type { Kube } from '../cluster/kube.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { kubeconfigOf } from './account.ts';
import { patience, running } from './bed.ts';
import { casesOn } from './cases.ts';
import { endlessMirror } from './mirrors.ts';

// image-rescue status and explain as people run them: the bundle, by its name, on a real cluster.

const onNode = casesOn({ hostConfig: true });

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

onNode('who is stuck and why, who was rescued, patched, is being fetched, rests or is beyond help', async (bed) => {
  const mirror = await endlessMirror(bed.cluster.mirror.address, (url) => url.includes('/endless/'));
  bed.ends({ output: () => '', end: async () => mirror.close() });
  const bin = path.join(bed.cluster.folder, 'bin');
  await mkdir(bin);
  buildAll(new URL(`file://${bin}/`));
  await symlink('image-rescue.cjs', path.join(bin, 'kubectl-image_rescue'));
  const begin = (command: string, args: string[], kubeconfig = bed.cluster.kubeconfig) => {
    const env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`, KUBECONFIG: kubeconfig };
    const child = spawn(path.join(bin, command), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ran = { code: null, out: '', err: '' } as Ran;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ran.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ran.err += text;
    });
    const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
    bed.ends({ output: () => ran.err, end: async () => void child.kill('SIGKILL') });
    return { ran, ended, end: () => child.kill('SIGINT') };
  };
  const run = (...args: string[]) => begin('image-rescue.cjs', args).ended;
  const report = async (...args: string[]) =>
    JSON.parse((await run('status', '-o', 'json', ...args)).out) as StatusReport;

  const watching = begin('image-rescue.cjs', ['status', '--watch', '-o', 'json']);
  const { digest } = await bed.image('good');
  await bed.image('other');
  const endless = await bed.image('endless');
  bed.start({ NAME_ON_NODE: 'digest', DOCKER_PROXY_URL: mirror.address });
  await bed.pod('hopeless', { image: 'docker.io/library/good:1', imagePullPolicy: 'Never' });
  await bed.pod('rescued', { image: `docker.io/library/good@${digest}` });
  await bed.pod('patched', { image: 'docker.io/library/other:1' });
  await bed.pod('resting', { image: `docker.io/library/nowhere@${digest}` });
  await Promise.all([bed.all('rescued', 1, 'running', running), bed.all('patched', 1, 'running', running)]);
  await bed.word('resting', 'ImageRescueFailed');
  await bed.word('hopeless', 'ImageRescueRefused');
  // Last: its kubelet comes by the same route, and takes the only pull slot for it.
  await bed.pod('fetching', { image: `docker.io/library/endless@${endless.digest}` });

  const come = async () => (await report()).pulls.find(({ state }) => state === 'fetching')?.progress;
  const { bytes, of } = await waitFor('a word of how much has come', come, patience);
  assert.ok(bytes < of, `${bytes} of ${of}`);
  const { stuck, patched, pulls, mirrors, missing } = await report();
  assert.deepEqual(missing, []);
  const states = Object.fromEntries(stuck.map((one) => [one.pod, one.state]));
  assert.deepEqual(states, { fetching: 'fetching', hopeless: 'refused', resting: 'resting' });
  const resting = stuck.find(({ pod }) => pod === 'resting') ?? assert.fail();
  assert.equal(resting.image, `docker.io/library/nowhere@${digest}`);
  assert.equal(resting.helps, 'yes');
  const pull = (image: string) => pulls.find((one) => one.image === image) ?? assert.fail(`no pull of ${image}`);
  const failed = pull(`docker.io/library/nowhere@${digest}`);
  assert.equal(failed.state, 'failed');
  assert.equal(failed.restsUntil, resting.next.at);
  assert.equal(Date.parse(failed.restsUntil ?? '') - Date.parse(failed.ended ?? ''), 600_000, 'COOL_DOWN');
  assert.match(failed.answers[0]?.answer ?? '', /^404/);
  const came = pull(`docker.io/library/good@${digest}`);
  assert.equal(came.way, 'route');
  assert.equal(came.digest, digest);
  assert.equal(Date.parse(came.route?.until ?? '') - Date.parse(came.ended ?? ''), 330_000, 'ROUTE_HOLD');
  const address = `${mirror.address}/docker.io/library/other:1`;
  assert.deepEqual(patched, [
    {
      namespace: 'default',
      pod: 'patched',
      container: 'app',
      original: 'docker.io/library/other:1',
      image: address,
      state: 'running',
    },
  ]);
  assert.deepEqual(
    mirrors.map(({ mirror, asked, served }) => ({ mirror, asked, served })),
    [{ mirror: mirror.address, asked: 3, served: 2 }],
  );

  const text = await begin('kubectl-image_rescue', ['status', '-n', 'default']).ended;
  assert.equal(text.code, 0, text.err);
  assert.match(
    text.out,
    /3 pods are stuck on an image in namespace default\. 1 pull is under way, 1 route is held, 1 failed pull rests\./,
  );
  assert.match(text.out, /^hopeless .* refused .*\n {2}why +its imagePullPolicy is Never/m);
  assert.match(text.out, /^resting .* resting .*\n(.*\n)*? {2}tried .*404.*\n {2}next .*\(in \d+ /m);
  assert.match(text.out, /^fetching .* fetching .*\n(.*\n)*? {2}now +0\.0 of \d+\.\d MB; from /m);
  assert.match(text.out, new RegExp(`^patched +app +running +${address} `, 'm'));
  assert.ok(!text.out.includes('\u001b'), 'a pipe gets no colours');
  assert.deepEqual((await report('-n', 'kube-system')).stuck, []);

  const story = JSON.parse((await run('explain', 'resting', '-o', 'json')).out) as Explanation;
  assert.equal(story.pulls[0]?.job, failed.job);
  assert.deepEqual(
    story.events.map(({ reason }) => reason),
    ['ImageRescueStarted', 'ImageRescueFailed'],
  );
  const told = await run('explain', 'pod/hopeless', '-n', 'default');
  assert.match(told.out, /cause +its imagePullPolicy is Never/);
  assert.match(told.out, /What happens next\n {2}refused \(its imagePullPolicy is Never;[^)]*\):\s+nothing, until a/);
  const nobody = await run('explain', 'nobody');
  assert.deepEqual([nobody.code, nobody.out], [1, '']);
  assert.match(nobody.err, /there is no pod nobody in namespace default/);
  assert.equal((await run('status', '--context', 'none')).code, 2);

  const seen = () =>
    watching.ran.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as StatusReport);
  await waitFor('the watch to see it all', async () => seen().at(-1)?.patched[0]?.state === 'running', patience);
  watching.end();
  const watched = await watching.ended;
  assert.deepEqual([watched.code, watched.err], [0, '']);
  assert.ok(seen().length >= 2, 'it shows each change');

  await viewer(bed.cluster.kube);
  const kubeconfig = await kubeconfigOf(bed.cluster, 'viewer', 'default');
  const poor = await begin('image-rescue.cjs', ['status'], kubeconfig).ended;
  assert.equal(poor.code, 1);
  assert.match(poor.out, /3 pods are stuck on an image\./);
  assert.equal(poor.err.match(/^missing permission: .*cannot list resource "(jobs|events)"/gm)?.length, 2, poor.err);
});

/** An account that may see pods, and namespaces, and no more. */
async function viewer(kube: Kube): Promise<void> {
  const metadata = { name: 'viewer' };
  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['get', 'list'] }];
  await kube.post('/api/v1/namespaces/default/serviceaccounts', { metadata });
  await kube.post(`/apis/${apiGroup}/v1/clusterroles`, { metadata, rules });
  await kube.post(`/apis/${apiGroup}/v1/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'viewer' },
    subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'default' }],
  });
}
