import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/config.ts';
import { parseReference } from './reference.ts';
import { mayNeedSecret } from './secret-repositories.ts';

const config = (repositories: string) =>
  readConfig({
    DOCKER_PROXY_URL: 'm.example',
    MIRROR_PULL_SECRET: 'mirror',
    MIRROR_SECRET_REPOSITORIES: repositories,
  });

for (const [repositories, image, may] of [
  ['docker.io/team/*', 'team/app:1', true],
  ['docker.io/team/*', `docker.io/team/deep/er/app@sha256:${'0'.repeat(64)}`, true],
  ['docker.io/team/*', 'team2/app:1', false],
  ['docker.io/team/*', 'quay.io/team/app:1', false],
  ['docker.io/team/app', 'team/app', true],
  ['docker.io/team/app', 'team/app2', false],
  ['docker.io/nginx', 'nginx:1', true],
  ['Docker.io/*,quay.io/x/y', 'nginx', true],
  ['quay.io/*', 'nginx', false],
  ['corp.example:5000/*', 'corp.example:5000/x', true],
  ['*', 'anything.example/x', true],
] as const) {
  test(`${repositories}: ${image} ${may ? 'may' : 'must not'} be asked for with credentials`, () => {
    const reference = parseReference(image);
    assert.ok(reference);
    assert.equal(mayNeedSecret(reference, config(repositories).mirrorSecret), may);
  });
}

for (const wrong of ['team/*', 'docker.io', 'docker.io/', 'docker.io/a*', 'docker.io/*/x', 'docker.io/x:1', '**']) {
  test(`${wrong} is refused`, () => assert.throws(() => config(wrong), /MIRROR_SECRET_REPOSITORIES is/));
}

test('a Secret without repositories, or the other way round, is refused', () => {
  const both = /one is set and the other is not/;
  assert.throws(() => config(''), both);
  assert.throws(() => readConfig({ DOCKER_PROXY_URL: 'm.example', MIRROR_SECRET_REPOSITORIES: '*' }), both);
});

test('without a Secret no image is asked for with credentials', () => {
  const reference = parseReference('nginx');
  assert.ok(reference);
  assert.equal(mayNeedSecret(reference, readConfig({ DOCKER_PROXY_URL: 'm.example' }).mirrorSecret), false);
});
