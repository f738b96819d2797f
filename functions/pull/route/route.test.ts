import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
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

test('a file that is a link belongs to whatever made it, and one that is not UTF-8 could not be put back', async () => {
  const place = await folder({ 'elsewhere.toml': 'server = "https://corp"\n', 'a.invalid/x': '', 'b.invalid/x': '' });
  await symlink(path.join(place, 'elsewhere.toml'), path.join(place, 'a.invalid/hosts.toml'));
  await symlink(path.join(root, 'nowhere.toml'), path.join(place, 'b.invalid/hosts.toml'));
  await symlink(path.join(place, 'a.invalid'), path.join(place, 'd.invalid'));
  const latin = Buffer.from([0x23, 0xe9, 0x0a]);
  await mkdir(path.join(place, 'c.invalid'));
  await writeFile(path.join(place, 'c.invalid/hosts.toml'), latin);
  const { port, certificate } = await listener();
  for (const registry of ['a.invalid', 'b.invalid', 'c.invalid', 'd.invalid']) {
    await assert.rejects(putUp(place, registry, port, certificate), /belongs to whatever|UTF-8/, registry);
  }
  assert.ok((await lstat(path.join(place, 'a.invalid/hosts.toml'))).isSymbolicLink());
  assert.ok((await lstat(path.join(place, 'b.invalid/hosts.toml'))).isSymbolicLink());
  assert.deepEqual(await readFile(path.join(place, 'c.invalid/hosts.toml')), latin);
});

test('a route that is refused leaves no folder behind, which would hide _default', async () => {
  const place = await folder({ '_default/hosts.toml': 'ca = "relative.pem"\n' });
  const { port, certificate } = await listener();
  await assert.rejects(putUp(place, 'docker.io', port, certificate), /relative/);
  assert.deepEqual(await readdir(place), ['_default']);
});

test("only where no other host follows is the runtime sent to the registry: another rescue's or the operator's comes first", async () => {
  const place = await folder({ 'own.invalid/hosts.toml': '[host."https://mirror.corp"]\n' });
  const [a, b] = [await listener(), await listener()];
  const first = await putUp(place, 'docker.io', a.port, a.certificate);
  assert.equal(await first.elsewhere(), 'https://registry-1.docker.io/v2');
  const second = await putUp(place, 'docker.io', b.port, b.certificate);
  assert.equal(await second.elsewhere(), undefined);
  assert.equal(await first.elsewhere(), 'https://registry-1.docker.io/v2');
  await first.down();
  assert.equal(await second.elsewhere(), 'https://registry-1.docker.io/v2');
  await second.down();
  const own = await putUp(place, 'own.invalid', a.port, a.certificate);
  assert.equal(await own.elsewhere(), undefined);
  await own.down();
});

test("somebody else's file in a folder that was made for a rescue stays", async () => {
  const place = await folder({});
  const { port, certificate } = await listener();
  const route = await putUp(place, 'docker.io', port, certificate);
  await writeFile(path.join(place, 'docker.io/theirs.txt'), 'x');
  await route.down();
  assert.deepEqual(await tree(place), { 'docker.io/theirs.txt': 'x' });
});

test('an empty hosts.toml stays one, and a folder without one is not given what _default says', async () => {
  const files = {
    '_default/hosts.toml': 'server = "https://all.corp"\n',
    'a.invalid/hosts.toml': '',
    'b.invalid/x.txt': 'x',
  };
  const place = await folder(files);
  const { port, certificate } = await listener();
  const routes = [];
  for (const registry of ['a.invalid', 'b.invalid', 'c.invalid'])
    routes.push(await putUp(place, registry, port, certificate));
  const up = await tree(place);
  assert.doesNotMatch(up['a.invalid/hosts.toml'] ?? '', /all\.corp/);
  assert.doesNotMatch(up['b.invalid/hosts.toml'] ?? '', /all\.corp/);
  assert.match(up['c.invalid/hosts.toml'] ?? '', /all\.corp/);
  for (const route of routes) await route.down();
  assert.deepEqual(await tree(place), files);
});
