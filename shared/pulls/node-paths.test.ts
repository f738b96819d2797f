import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodePaths } from './node-paths.ts';

const auto = { runtimeSocket: [], hostConfigFolder: [], selinuxType: [], route: 'auto' } as const;
const node = (runtime: string, kubelet = 'v1.36.3', system = 'linux') => ({
  name: 'n',
  uid: 'u',
  runtime,
  kubelet,
  system,
  labels: { 'node.k0sproject.io/role': 'worker' },
});
const k3sSocket = '/run/k3s/containerd/containerd.sock';
const rancher = (name: string) => `/var/lib/rancher/${name}/agent/etc/containerd/certs.d`;

for (const [runtime, kubelet, socket, folder] of [
  ['containerd://2.2.3', 'v1.36.3', '/run/containerd/containerd.sock', '/etc/containerd/certs.d'],
  ['containerd://2.1.4-k3s1', 'v1.33.1+k3s1', k3sSocket, rancher('k3s')],
  ['containerd://2.0.5-k3s2', 'v1.33.1+rke2r1', k3sSocket, rancher('rke2')],
] as const) {
  test(`${runtime} with kubelet ${kubelet}`, () => {
    assert.deepEqual(nodePaths(node(runtime, kubelet), auto), { socket, hostConfigFolder: folder });
  });
}

test('settings win over what is usual, and ROUTE=off uses no folder', () => {
  const set = {
    ...auto,
    runtimeSocket: [{ label: { name: 'other' }, value: '/c.sock' }, { value: '/a.sock' }],
    hostConfigFolder: [{ label: { name: 'node.k0sproject.io/role', value: 'worker' }, value: '/b' }, { value: '/d' }],
  };
  assert.deepEqual(nodePaths(node('containerd://2.2.3'), set), { socket: '/a.sock', hostConfigFolder: '/b' });
  assert.deepEqual(nodePaths(node('containerd://2.2.3'), { ...set, route: 'off' }), { socket: '/a.sock' });
});

for (const other of [node('cri-o://1.33.0'), node('docker://28.0.0')]) {
  test(`${other.runtime}: only a mirror's address helps there, and why`, () => {
    const paths = nodePaths(other, auto);
    assert.ok(!('refused' in paths) && paths.socket === undefined);
    assert.match(paths.onlyPatch ?? '', /cri-o|docker/);
  });
}

test('a Windows node is refused by its name', () => {
  const paths = nodePaths(node('containerd://2.2.3', 'v1.36.3', 'windows'), auto);
  assert.ok('refused' in paths && paths.refused.includes('windows'));
});

test('an SELinux type reaches the nodes that it is meant for', () => {
  const paths = nodePaths(node('containerd://2.2.3'), { ...auto, selinuxType: [{ value: 'spc_t' }] });
  assert.ok('selinuxType' in paths && paths.selinuxType === 'spc_t');
});
