import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/config.ts';
import { mirrorImage, parseMirror } from './mirrors.ts';
import { type ImageReference, parseReference } from './reference.ts';
import { askableMirrors } from './rules.ts';

const image = (text: string) => parseReference(text) as ImageReference;

/** References at the mirrors, in order; or the refusal. */
function asked(env: Record<string, string>, text: string): string[] | string {
  const mirrors = askableMirrors(image(text), readConfig(env).rules);
  return 'refused' in mirrors ? mirrors.refused : mirrors.map((mirror) => mirrorImage(mirror, image(text)));
}

const daocloud = { DOCKER_PROXY_URL: 'm.daocloud.io,docker.io=docker.m.daocloud.io' };

for (const [what, env, text, expected] of [
  [
    'prefix form, then host form',
    daocloud,
    'nginx:1',
    ['m.daocloud.io/docker.io/library/nginx:1', 'docker.m.daocloud.io/library/nginx:1'],
  ],
  ['a host-form mirror stands for its registry only', daocloud, 'quay.io/a/b:1', ['m.daocloud.io/quay.io/a/b:1']],
  [
    'a path in front',
    { DOCKER_PROXY_URL: 'harbor.corp:8443/proxy/' },
    'ghcr.io/a:1',
    ['harbor.corp:8443/proxy/ghcr.io/a:1'],
  ],
  [
    'a digest decides over a tag',
    daocloud,
    `quay.io/a:1@sha256:${'0'.repeat(64)}`,
    [`m.daocloud.io/quay.io/a@sha256:${'0'.repeat(64)}`],
  ],
  [
    'a registry that has a mirror of its own is open',
    { DOCKER_PROXY_URL: 'r.example=m.example' },
    'r.example/a:1',
    ['m.example/a:1'],
  ],
  [
    '* opens all',
    { DOCKER_PROXY_URL: 'm.example', MIRROR_REGISTRIES: '*' },
    'r.example/a:1',
    ['m.example/r.example/a:1'],
  ],
] as const) {
  test(`${what}: ${text}`, () => assert.deepEqual(asked(env, text), expected));
}

for (const [what, env, text, expected] of [
  ['no wildcard, no open door', daocloud, 'r.example/a:1', /MIRROR_REGISTRIES/],
  ['never, by domain', { ...daocloud, NO_PROXY_DOCKER_DOMAIN: '*.io' }, 'quay.io/a:1', /NO_PROXY_DOCKER_DOMAIN/],
  [
    'never, whatever the port',
    { ...daocloud, MIRROR_REGISTRIES: '*', NO_PROXY_DOCKER_DOMAIN: 'r.example' },
    'r.example:5000/a:1',
    /NO_PROXY/,
  ],
  [
    'never, though it has a mirror',
    { DOCKER_PROXY_URL: 'r.example=m.example', NO_PROXY_DOCKER_DOMAIN: 'r.example' },
    'r.example/a:1',
    /NO_PROXY/,
  ],
  [
    'never, in capitals',
    { ...daocloud, MIRROR_REGISTRIES: '*', NO_PROXY_DOCKER_DOMAIN: '*.corp.example' },
    'Harbor.Corp.Example/a:1',
    /NO_PROXY/,
  ],
  ['loopback', { ...daocloud, MIRROR_REGISTRIES: '*' }, '127.0.0.1:5000/a:1', /internal/],
  ['a private address', { ...daocloud, MIRROR_REGISTRIES: '*' }, '172.20.0.1/a:1', /internal/],
  ['a service name', { ...daocloud, MIRROR_REGISTRIES: '*' }, 'registry.ns.svc.cluster.local/a:1', /internal/],
  ['a name without a dot', { ...daocloud, MIRROR_REGISTRIES: '*' }, 'registry:5000/a:1', /internal/],
  ['the mirror itself', { ...daocloud, MIRROR_REGISTRIES: '*' }, 'm.daocloud.io/a:1', /itself a mirror/],
  ['no mirror for it', { DOCKER_PROXY_URL: 'docker.io=m.example' }, 'quay.io/a:1', /no mirror/],
] as const) {
  test(`refused, ${what}: ${text}`, () => assert.match(String(asked(env, text)), expected));
}

for (const [entry, expected] of [
  ['127.0.0.1:5000', { scheme: 'http', host: '127.0.0.1:5000', path: '' }],
  ['https://127.0.0.1:5000', { scheme: 'https', host: '127.0.0.1:5000', path: '' }],
  ['http://m.example/a/b/', { scheme: 'http', host: 'm.example', path: 'a/b' }],
  ['M.example:443', { scheme: 'https', host: 'm.example:443', path: '' }],
] as const) {
  test(`mirror ${entry}`, () => assert.deepEqual(parseMirror(entry), expected));
}

for (const entry of ['ftp://m.example', 'u:secret@m.example', 'a b', 'm.example?x=1', '', 'x/y=m.example']) {
  test(`mirror ${JSON.stringify(entry)} is refused, without repeating a secret`, () => {
    const problem = parseMirror(entry);
    assert.equal(typeof problem, 'string');
    assert.doesNotMatch(String(problem), /secret/);
  });
}
