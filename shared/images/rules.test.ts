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
  [
    'a domain opens what is below it',
    { DOCKER_PROXY_URL: 'm.example', MIRROR_REGISTRIES: '*.r.example' },
    'a.r.example/x:1',
    ['m.example/a.r.example/x:1'],
  ],
  [
    'library/ stays where a host stands for Docker Hub',
    { DOCKER_PROXY_URL: 'index.docker.io=hub.example' },
    'nginx:V1',
    ['hub.example/library/nginx:V1'],
  ],
  [
    'capitals of a registry have no place in a path',
    { DOCKER_PROXY_URL: 'm.example', MIRROR_REGISTRIES: '*' },
    'R.Example/a:1',
    ['m.example/r.example/a:1'],
  ],
  [
    'a registry with a port, by a mirror of its own',
    { DOCKER_PROXY_URL: 'm.example,r.example:8443=n.example:5000/cache' },
    'r.example:8443/a/b:1',
    ['n.example:5000/cache/a/b:1'],
  ],
  [
    'a registry that is an IPv6 address, by a mirror of its own',
    { DOCKER_PROXY_URL: '[2606:4700::1]=n.example' },
    '[2606:4700::1]/a:1',
    ['n.example/a:1'],
  ],
  [
    'a project of Harbor',
    { DOCKER_PROXY_URL: 'quay.io=harbor.example:8443/quay-proxy' },
    'quay.io/a/b:1',
    ['harbor.example:8443/quay-proxy/a/b:1'],
  ],
  [
    'crproxy, on a port',
    { DOCKER_PROXY_URL: 'cr.example:8080' },
    'registry.k8s.io/pause:3.10',
    ['cr.example:8080/registry.k8s.io/pause:3.10'],
  ],
  [
    'the longest path that there is',
    { DOCKER_PROXY_URL: 'm.example' },
    `quay.io/${'b'.repeat(255)}:1`,
    [`m.example/quay.io/${'b'.repeat(255)}:1`],
  ],
] as const) {
  test(`${what}: ${text}`, () => assert.deepEqual(asked(env, text), expected));
}

// https://github.com/DaoCloud/public-image-mirror
for (const [registry, host] of [
  ['docker.io', 'docker'],
  ['gcr.io', 'gcr'],
  ['ghcr.io', 'ghcr'],
  ['k8s.gcr.io', 'k8s-gcr'],
  ['registry.k8s.io', 'k8s'],
  ['mcr.microsoft.com', 'mcr'],
  ['nvcr.io', 'nvcr'],
  ['quay.io', 'quay'],
  ['docker.elastic.co', 'elastic'],
] as const) {
  test(`DaoCloud: ${registry} in both forms, without a word in MIRROR_REGISTRIES`, () => {
    const env = { DOCKER_PROXY_URL: `m.daocloud.io,${registry}=${host}.m.daocloud.io` };
    assert.deepEqual(asked(env, `${registry}/library/x:1`), [
      `m.daocloud.io/${registry}/library/x:1`,
      `${host}.m.daocloud.io/library/x:1`,
    ]);
  });
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
  ['the mirror itself', { ...daocloud, MIRROR_REGISTRIES: '*' }, 'm.daocloud.io/a:1', /itself a mirror/],
  [
    'the mirror itself, its port said',
    { DOCKER_PROXY_URL: 'm.example,m.example:443=n.example', MIRROR_REGISTRIES: '*' },
    'm.example:443/a:1',
    /itself a mirror/,
  ],
  ['a port has no place in a path', { ...daocloud, MIRROR_REGISTRIES: '*' }, 'r.example:5000/a:1', /no mirror/],
  [
    'an IPv6 address has no place in a path',
    { ...daocloud, MIRROR_REGISTRIES: '*' },
    '[2606:4700::1]/a:1',
    /no mirror/,
  ],
  [
    'a mirror of one port',
    { DOCKER_PROXY_URL: 'r.example:1=m.example', MIRROR_REGISTRIES: '*' },
    'r.example:2/a:1',
    /no mirror/,
  ],
  ['no mirror for it', { DOCKER_PROXY_URL: 'docker.io=m.example' }, 'quay.io/a:1', /no mirror/],
] as const) {
  test(`refused, ${what}: ${text}`, () => assert.match(String(asked(env, text)), expected));
}

for (const [entry, expected] of [
  ['127.0.0.1:5000', { scheme: 'http', host: '127.0.0.1:5000', path: '' }],
  ['https://127.0.0.1:5000', { scheme: 'https', host: '127.0.0.1:5000', path: '' }],
  ['http://m.example/a/b/', { scheme: 'http', host: 'm.example', path: 'a/b' }],
  ['M.example:443', { scheme: 'https', host: 'm.example:443', path: '' }],
  ['http://m.example:80', { scheme: 'http', host: 'm.example:80', path: '' }],
  ['http://m.example:443/x', { scheme: 'http', host: 'm.example:443', path: 'x' }],
  ['m.example.', { scheme: 'https', host: 'm.example', path: '' }],
  ['m.example.:8443/a', { scheme: 'https', host: 'm.example:8443', path: 'a' }],
  ['localhost:5000', { scheme: 'http', host: 'localhost:5000', path: '' }],
  ['[::1]:5000/x', { scheme: 'http', host: '[::1]:5000', path: 'x' }],
  ['2130706433:5000', { scheme: 'http', host: '127.0.0.1:5000', path: '' }],
  ['127.example.com', { scheme: 'https', host: '127.example.com', path: '' }],
  ['10.1.2.3:5000', { scheme: 'https', host: '10.1.2.3:5000', path: '' }],
  ['müller.example', { scheme: 'https', host: 'xn--mller-kva.example', path: '' }],
  ['Docker.io=M.example/Hub', '"Hub" is not a path in front of an image\'s name'],
  ['index.docker.io=m.example', { scheme: 'https', host: 'm.example', path: '', registry: 'docker.io' }],
  ['r.example:8443=m.example', { scheme: 'https', host: 'm.example', path: '', registry: 'r.example:8443' }],
] as const) {
  test(`mirror ${entry}`, () => assert.deepEqual(parseMirror(entry), expected));
}

for (const entry of [
  'ftp://m.example',
  'u:secret@m.example',
  'a b',
  'm.example?x=1',
  '',
  'x/y=m.example',
  'm.example/a//b',
  'm.example/a%20b',
  'r.example=u:secret@m.example',
  'm.example:99999',
]) {
  test(`mirror ${JSON.stringify(entry)} is refused, without repeating a secret`, () => {
    const problem = parseMirror(entry);
    assert.equal(typeof problem, 'string');
    assert.doesNotMatch(String(problem), /secret/);
  });
}

const everything = { DOCKER_PROXY_URL: 'm.example', MIRROR_REGISTRIES: '*' };
for (const registry of [
  'localhost',
  'localhost:5000',
  'LOCALHOST',
  'Registry',
  'registry:5000',
  'registry.ns.svc',
  'registry.ns.svc.cluster.local',
  'Registry.NS.SVC:5000',
  'nas.local',
  'x.localhost',
  'vm.c.project.internal',
  '127.0.0.1:5000',
  '127.1',
  '10.1.2.3',
  '10.1:5000',
  '172.20.0.1',
  '192.168.0.1:443',
  '169.254.169.254',
  '100.100.100.200',
  '0.0.0.0:5000',
  '0x7f.1',
  '0x0A.0.0.1',
  '012.0.0.1',
  '0300.0250.1',
  '2130706433:5000',
  '167772161:443',
  '224.0.0.1',
  '1.2.3.4.5',
  '[::1]:5000',
  '[::]',
  '[fe80::1]',
  '[fd00::1]:5000',
  '[::ffff:10.0.0.1]',
  '[::ffff:a00:1]:5000',
  '[::FFFF:7f00:1]',
  '[64:ff9b::a00:1]',
]) {
  test(`${registry} is internal, or no registry: never asked of a mirror, whatever is open`, () => {
    const parsed = parseReference(`${registry}/a:1`);
    if (parsed === undefined) return assert.match(registry, /\[.*\..*\]/, 'only IPv6 with dots in it is no reference');
    const mirrors = { ...everything, DOCKER_PROXY_URL: `m.example,${registry.toLowerCase()}=n.example` };
    assert.match(String(asked(mirrors, `${registry}/a:1`)), /internal/);
  });
}

for (const registry of ['8.8.8.8', '127.example.com', '10.example', 'svc.example', 'mylocal.example', '11.0.0.1']) {
  test(`${registry} is not internal`, () =>
    assert.deepEqual(asked(everything, `${registry}/a:1`), [`m.example/${registry}/a:1`]));
}

for (const [pattern, never, asks] of [
  ['corp.example', ['corp.example', 'corp.example:5000', 'Corp.Example'], ['a.corp.example', 'xcorp.example']],
  [
    '*.corp.example',
    ['a.corp.example', 'a.b.corp.example:5000'],
    ['corp.example', 'xcorp.example', 'corp.example.net'],
  ],
  ['.corp.example', ['a.corp.example'], ['corp.example']],
  ['corp.example:5000', ['corp.example:5000'], ['corp.example', 'corp.example:5001']],
  ['corp.example:443', ['corp.example', 'corp.example:443'], ['corp.example:5000']],
  ['*.corp.example:5000', ['a.corp.example:5000'], ['a.corp.example', 'a.corp.example:50000']],
  ['corp.example.', ['corp.example'], []],
  ['[2606:4700::1]', ['[2606:4700::1]', '[2606:4700::1]:5000'], ['[2606:4700::2]']],
  ['index.docker.io', ['docker.io', 'index.docker.io'], ['quay.io']],
  ['*', ['corp.example', 'docker.io', 'r.example:5000'], []],
] as const) {
  test(`NO_PROXY_DOCKER_DOMAIN=${pattern}`, () => {
    for (const [registries, refused] of [
      [never, true],
      [asks, false],
    ] as const)
      for (const registry of registries) {
        const said = String(asked({ ...everything, NO_PROXY_DOCKER_DOMAIN: pattern }, `${registry}/a:1`));
        assert.equal(/NO_PROXY_DOCKER_DOMAIN/.test(said), refused, `${registry}: ${said}`);
      }
  });
}
