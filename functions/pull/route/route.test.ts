import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeIdentity } from '../registry/certificate.ts';
import { type Listener, listen } from '../registry/serve.ts';
import { routeEntries } from './hosts-toml.ts';
import { cleanUp, putUp } from './route.ts';

let root: string;
const listeners: Listener[] = [];

before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'image-rescue-route-'));
});
after(async () => {
  for (const listener of listeners) listener.close();
  await rm(root, { recursive: true });
});

async function folder(files: Record<string, string>): Promise<string> {
  const made = await mkdtemp(path.join(root, 'certs.d-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(made, name)), { recursive: true });
    await writeFile(path.join(made, name), text);
  }
  return made;
}

async function tree(place: string): Promise<Record<string, string>> {
  const found = await readdir(place, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [path.relative(place, file), await readFile(file, 'utf8')])),
  );
}

async function listener() {
  const identity = makeIdentity(new Date());
  const listening = await listen((_, response) => response.end(), identity);
  listeners.push(listening);
  return { ...listening, certificate: identity.certificate };
}

test('twenty rescues of one registry come and go at once and leave the folder as it was', async () => {
  const files = {
    'docker.io/hosts.toml': 'server = "https://registry-1.docker.io"\n[host."https://a.example"]\n',
    'docker.io/a.txt': 'x',
  };
  const place = await folder(files);
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { port, certificate } = await listener();
      const route = await putUp(place, 'docker.io', port, certificate);
      const text = await readFile(path.join(place, 'docker.io/hosts.toml'), 'utf8');
      assert.ok(
        routeEntries(text).some((entry) => entry.port === port),
        'an entry is there while its route is up',
      );
      await route.down();
    }),
  );
  assert.deepEqual(await tree(place), files);
});

test('a folder that was made for a rescue goes with it', async () => {
  const place = await folder({});
  const { port, certificate } = await listener();
  const route = await putUp(place, 'quay.io:8443', port, certificate);
  assert.deepEqual(await readdir(place), ['quay.io:8443']);
  await route.down();
  assert.deepEqual(await readdir(place), []);
});

test('an entry that nobody answers for any more is cleaned up, one that lives is kept', async () => {
  const place = await folder({});
  const [dead, alive] = [await listener(), await listener()];
  await putUp(place, 'docker.io', dead.port, dead.certificate);
  const kept = await putUp(place, 'quay.io', alive.port, alive.certificate);
  dead.close();
  assert.equal((await cleanUp(place)).length, 1);
  assert.deepEqual(await readdir(place), ['quay.io']);
  await kept.down();
  assert.deepEqual(await readdir(place), []);
});

test('a dead entry whose port somebody else now has is cleaned up by the next rescue', async () => {
  const place = await folder({});
  const [mine, theirs] = [await listener(), await listener()];
  await putUp(place, 'docker.io', theirs.port, mine.certificate); // the port answers, but not with this key
  const next = await putUp(place, 'docker.io', mine.port, mine.certificate);
  const text = await readFile(path.join(place, 'docker.io/hosts.toml'), 'utf8');
  assert.deepEqual(
    routeEntries(text).map(({ port }) => port),
    [mine.port],
  );
  await next.down();
  assert.deepEqual(await readdir(place), []);
});

test('a registry folder with certificates in the style of Docker is left alone', async () => {
  const files = { 'harbor.corp/ca.crt': 'x' };
  const place = await folder(files);
  const { port, certificate } = await listener();
  await assert.rejects(putUp(place, 'harbor.corp', port, certificate), /style of Docker/);
  assert.deepEqual(await tree(place), files);
});
