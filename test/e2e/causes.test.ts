import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rules } from '../../shared/causes/rules.ts';
import { running } from './bed.ts';
import { casesOn } from './cases.ts';
import { recordingMirror } from './mirrors.ts';
import { misbehavingRegistry } from './misbehaving.ts';

// What containerd and the kubelet really say of each cause, and what a pod is told.

const onNode = casesOn({ hostConfig: true });
const advice = (cause: string) => rules.find((rule) => rule.cause === cause)?.advice ?? assert.fail(cause);

const cured = ['rate-limited', 'server-error', 'connection-closed', 'connection-reset', 'connection-refused'] as const;
const tried = ['forbidden', 'untrusted-certificate'] as const;
const refused = ['not-found', 'unauthorized', 'access-denied', 'platform', 'schema-1'] as const;

onNode('one pod per cause: helped, tried or refused, and told why', async (bed, t) => {
  const since = new Date().toISOString();
  const registry = await misbehavingRegistry();
  const liar = await recordingMirror(bed.cluster.mirror.address, (url) => url.includes('wrong-content.invalid'));
  const hosts = (url: string) => `server = "${url}"\ncapabilities = ["pull", "resolve"]\noverride_path = true\n`;
  try {
    const urls = new Map<string, string>([...cured, ...tried, ...refused].map((cause) => [cause, registry.url(cause)]));
    urls.set('wrong-content', `http://${liar.address}/v2/wrong-content.invalid`);
    for (const [cause, url] of urls) {
      const folder = path.join(bed.cluster.hostConfigFolder, `${cause}.invalid`);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'hosts.toml'), hosts(url));
      await bed.image(cause, `${cause}.invalid/x`);
    }
    bed.start({ PULLS_PER_NODE: '10' });
    for (const cause of urls.keys()) await bed.pod(cause, { image: `${cause}.invalid/x/${cause}:1` });
    await bed.pod('never-policy', { image: 'never.invalid/x:1', imagePullPolicy: 'Never' });
    await bed.pod('invalid-name', { image: 'Not A Name' });

    for (const cause of [...refused, 'never-policy', 'invalid-name']) {
      const told = await bed.word(cause, 'ImageRescueRefused');
      t.diagnostic(told);
      assert.ok(told.endsWith(`is not rescued: ${advice(cause)}.`), told);
    }
    for (const cause of [...cured, ...tried, 'wrong-content']) {
      const told = await bed.word(cause, 'ImageRescueStarted');
      t.diagnostic(told);
      assert.ok(told.endsWith(`: ${advice(cause)}.`), `${cause}: ${told}`);
      assert.equal(/in the hope that it helps/.test(told), !cured.some((one) => one === cause), told);
      await bed.all(cause, 1, 'running', running);
    }
    assert.equal(await bed.jobsMade(since), cured.length + tried.length + 1, 'no Job for what no mirror cures');
  } finally {
    registry.close();
    liar.close();
  }
});
