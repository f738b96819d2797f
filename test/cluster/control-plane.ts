import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { auditPolicy } from './audit.ts';
import { type Component, flags, type Site } from './site.ts';

/** etcd, the API server, the controllers and the scheduler, with default controllers and admission and RBAC. */
export function controlPlane(site: Site): Component[] {
  const { ports, path, network } = site;
  const etcd = `http://127.0.0.1:${ports.etcd}`;
  return [
    {
      name: 'etcd',
      command: 'etcd',
      args: flags({
        'data-dir': path('etcd'),
        'listen-client-urls': etcd,
        'advertise-client-urls': etcd,
        'listen-peer-urls': `http://127.0.0.1:${ports.etcdPeer}`,
        'log-level': 'warn',
        'unsafe-no-fsync': true,
      }),
      ready: async () => (await fetch(`${etcd}/health`)).ok,
    },
    {
      name: 'apiserver',
      command: 'kube-apiserver',
      args: flags({
        'etcd-servers': etcd,
        'bind-address': '127.0.0.1',
        'secure-port': ports.apiserver,
        'advertise-address': network.nodeAddress,
        'cert-dir': path('pki'),
        'token-auth-file': path('pki', 'tokens.csv'),
        'authorization-mode': 'Node,RBAC',
        'enable-admission-plugins': 'NodeRestriction',
        'service-account-issuer': 'https://kubernetes.default.svc',
        'service-account-key-file': path('pki', 'serviceaccounts.pub'),
        'service-account-signing-key-file': path('pki', 'serviceaccounts.key'),
        'service-cluster-ip-range': network.serviceRange,
        'allow-privileged': true,
        'audit-log-path': path('audit.log'),
        'audit-policy-file': path('pki', 'audit-policy.json'),
        'kubelet-preferred-address-types': 'InternalIP',
      }),
      prepare: () => writeKeys(site),
      ready: () => serves({ host: '127.0.0.1', port: ports.apiserver, path: '/readyz' }, site.tokens['admin']),
    },
    {
      name: 'controller-manager',
      command: 'kube-controller-manager',
      args: flags({
        kubeconfig: path('system:kube-controller-manager.kubeconfig'),
        'service-account-private-key-file': path('pki', 'serviceaccounts.key'),
        'root-ca-file': path('pki', 'apiserver.crt'),
        'use-service-account-credentials': true,
        'leader-elect': false,
        'secure-port': 0,
        // by default (20 a second) its forty controllers take 4 s to begin
        'kube-api-qps': 200,
        'kube-api-burst': 400,
      }),
      prepare: () => writeKubeconfig(site, 'system:kube-controller-manager'),
    },
    {
      name: 'scheduler',
      command: 'kube-scheduler',
      args: flags({ kubeconfig: path('system:kube-scheduler.kubeconfig'), 'leader-elect': false, 'secure-port': 0 }),
      prepare: () => writeKubeconfig(site, 'system:kube-scheduler'),
    },
  ];
}

async function writeKeys(site: Site): Promise<void> {
  const groups: Record<string, string> = { admin: 'system:masters', [`system:node:${site.nodeName}`]: 'system:nodes' };
  const users = Object.entries(site.tokens).map(([user, token]) => `${token},${user},${user},"${groups[user] ?? ''}"`);
  await writeFile(site.path('pki', 'tokens.csv'), `${users.join('\n')}\n`, { mode: 0o600 });
  await writeFile(site.path('pki', 'audit-policy.json'), auditPolicy);
  const key = site.path('pki', 'serviceaccounts.key');
  if (
    await readFile(key).then(
      () => true,
      () => false,
    )
  )
    return; // a restart keeps the tokens that it signed
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(key, pair.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  await writeFile(site.path('pki', 'serviceaccounts.pub'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
}

/** Writes `<user>.kubeconfig`; the API server must have made its certificate, which is its own CA. Returns the path. */
export async function writeKubeconfig(site: Site, user: string): Promise<void> {
  const authority = await readFile(site.path('pki', 'apiserver.crt'), 'base64');
  const cluster = { server: `https://127.0.0.1:${site.ports.apiserver}`, 'certificate-authority-data': authority };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'image-rescue-test', cluster }],
    users: [{ name: user, user: { token: site.tokens[user] } }],
    contexts: [{ name: 'image-rescue-test', context: { cluster: 'image-rescue-test', user } }],
    'current-context': 'image-rescue-test',
  };
  await writeFile(site.path(`${user}.kubeconfig`), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

/** Whether a server of ours on this machine answers 200. Its certificate is self-signed and not known yet. */
export function serves(at: { host: string; port: number; path: string }, token = ''): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ ...at, headers, rejectUnauthorized: false, timeout: 5000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject).end();
  });
}
