import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePorts } from '../cluster/free-ports.ts';
import { pushImage } from '../cluster/images.ts';
import { demoImage, pushNodeImage } from '../cluster/stock-images.ts';
import { type Bed, running } from './bed.ts';
import { casesOn } from './cases.ts';
import { htpasswd, makeSecret } from './private-mirror.ts';

// The README's docker-registry, with its configuration as it stands there. Four things in it are this test's: the port, the
// two paths, and the upstream, which is a registry of the cluster's in place of Docker Hub.

const onNode = casesOn({ hostConfig: true });

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const chapter =
  /<!-- docker-registry -->\n```yaml\n(?<plain>[\s\S]*?)```\n<!-- docker-registry with a password -->\n```yaml\n(?<auth>[\s\S]*?)```/;
const { plain = '', auth = '' } = chapter.exec(readme)?.groups ?? {};

/** Replaces what the README has by what is so here. Throws where the README does not have it. */
function here(configuration: string, replacements: Record<string, string>): string {
  return Object.entries(replacements).reduce((text, [readmes, ours]) => {
    assert.ok(text.includes(readmes), `the README's configuration has ${readmes}`);
    return text.replace(readmes, ours);
  }, configuration);
}

async function startOwnMirror(bed: Bed, name: string, configuration: string, paths: Record<string, string> = {}) {
  const { folder, mirror } = bed.cluster;
  const [port = 0] = await freePorts(1);
  const own = path.join(folder, name);
  await mkdir(own, { recursive: true });
  const file = path.join(own, 'config.yml');
  await writeFile(
    file,
    here(configuration, {
      '/var/lib/docker-registry': path.join(own, 'data'),
      'addr: :5000': `addr: 127.0.0.1:${port}`,
      'https://registry-1.docker.io': `http://${mirror.address}`,
      ...paths,
    }),
  );
  const address = `127.0.0.1:${port}`;
  await bed.cluster.add({
    name,
    command: 'docker-registry',
    args: ['serve', file],
    ready: async () => [200, 401].includes((await fetch(`http://${address}/v2/`)).status),
  });
  return address;
}

/** An image, and the Node image, at the upstream under the names that Docker Hub has for them. */
async function onDockerHub({ cluster: { mirror } }: Bed, name: string): Promise<string> {
  await pushNodeImage(mirror.address, 'library/node');
  await pushImage(mirror.address, `library/${name}`, '1', await demoImage(name));
  return `docker.io/library/${name}:1`;
}

/** The README's `docker.io=http://mirror.corp.example:5000`. */
const setting = (address: string) => {
  const [said = ''] = /docker\.io=http:\/\/mirror\.corp\.example:5000/.exec(readme) ?? [];
  return said.replace('mirror.corp.example:5000', address);
};

onNode('a pull-through docker-registry as the README has it', async (bed) => {
  const address = await startOwnMirror(bed, 'own-plain', plain);
  bed.start({ DOCKER_PROXY_URL: setting(address) });
  const image = await onDockerHub(bed, 'through');
  await bed.pod('through', { image });
  const [pod] = await bed.all('through', 1, 'running', running);
  assert.equal(pod?.spec.containers[0]?.image, image);
  assert.ok((await bed.word('through', 'ImageRescued')).includes(address));
});

onNode('the same with a password, which the Node image needs too', async (bed) => {
  const file = path.join(bed.cluster.folder, 'own-htpasswd');
  await writeFile(file, htpasswd);
  const address = await startOwnMirror(bed, 'own-auth', plain + auth, { '/etc/docker/registry/htpasswd': file });
  bed.start({
    DOCKER_PROXY_URL: setting(address),
    MIRROR_PULL_SECRET: await makeSecret(bed, { hosts: [address] }),
    MIRROR_SECRET_REPOSITORIES: 'docker.io/*',
  });
  const image = await onDockerHub(bed, 'through-auth');
  await bed.pod('through-auth', { image });
  const [pod] = await bed.all('through-auth', 1, 'running', running);
  assert.equal(pod?.spec.containers[0]?.image, image);
  assert.ok((await bed.word('through-auth', 'ImageRescued')).includes(address));
});
