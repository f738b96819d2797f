import assert from 'node:assert/strict';
import { pushImage } from '../cluster/images.ts';
import { demoImage } from '../cluster/stock-images.ts';
import { type Bed, running } from './bed.ts';
import { casesOn } from './cases.ts';
import { cuttingMirror, type Front, front, recordingMirror, stubbornMirror } from './mirrors.ts';
import { tokenServer } from './token-server.ts';

// Every form of mirror, and what mirrors do; the Node image comes past them, so that their logs have only what matters.

const onNode = casesOn({ hostConfig: true });

function start(bed: Bed, mirrors: string, env: Record<string, string> = {}) {
  const NODE_IMAGE = `${bed.cluster.mirror.address}/docker.io/library/node:24-alpine`;
  return bed.start({ NODE_IMAGE, DOCKER_PROXY_URL: mirrors, ...env });
}

/** Runs a case with fronts that end with it. */
async function withFronts(fronts: Promise<Front>[], run: (...open: Front[]) => Promise<void>): Promise<void> {
  const open = await Promise.all(fronts);
  try {
    await run(...open);
  } finally {
    for (const one of open) one.close();
  }
}

/** The node's own address, which is not on loopback. */
async function addressOf({ cluster }: Bed): Promise<string> {
  type Node = { status: { addresses: { type: string; address: string }[] } };
  const { status } = await cluster.kube.get<Node>(`/api/v1/nodes/${cluster.nodeName}`);
  return status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
}

const runs = (bed: Bed, name: string) => bed.all(name, 1, 'running', running);

onNode('under a path and a port, in both forms: a plain registry, and a project of Harbor', async (bed) => {
  const { address } = bed.cluster.mirror;
  await pushImage(address, 'cache/all/prefixpath.invalid/x/prefixpath', '1', await demoImage('prefix path'));
  await pushImage(address, 'hub-proxy/x/hostpath', '1', await demoImage('host path'));
  start(bed, `hostpath.invalid:8443=${address}/hub-proxy/,${address}/cache/all`);
  await bed.pod('prefixpath', { image: 'prefixpath.invalid/x/prefixpath:1' });
  await bed.pod('hostpath', { image: 'hostpath.invalid:8443/x/hostpath:1' });
  await runs(bed, 'prefixpath');
  await runs(bed, 'hostpath');
  assert.ok((await bed.mirrored('cache/all/prefixpath.invalid/x/prefixpath')).length > 0);
  assert.ok((await bed.mirrored('hub-proxy/x/hostpath')).length > 0);
});

onNode('crproxy: the first segment is a host with dots; a registry with a port is not asked of it', async (bed) => {
  const crproxy = front(bed.cluster.mirror.address, ({ url = '' }, answer, pass) => {
    const [, , registry = ''] = url.split('/');
    if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(registry)) pass();
    else answer.writeHead(400).end('no host');
  });
  await withFronts([crproxy], async ({ address, requests }) => {
    const { reference } = await bed.image('crproxy', 'cr.proxy.invalid/x');
    start(bed, address);
    await bed.pod('crproxy', { image: reference });
    await bed.pod('crport', { image: 'cr.port.invalid:5000/x/crport:1' });
    await runs(bed, 'crproxy');
    assert.match(await bed.word('crport', 'ImageRescueRefused'), /no mirror in DOCKER_PROXY_URL serves/);
    assert.deepEqual(
      requests().filter(({ url }) => !url.startsWith('/v2/cr.proxy.invalid/x/crproxy/')),
      [],
    );
  });
});

onNode('a registry that wants a token, and the token server that it names', async (bed) => {
  const { reference } = await bed.image('token', 'token.invalid/x');
  const server = await tokenServer(bed.cluster.folder);
  try {
    const registry = await bed.cluster.startRegistry('guarded', { imagesOf: 'mirror', auth: server.auth });
    start(bed, registry.address);
    await bed.pod('token', { image: reference });
    await runs(bed, 'token');
    const manifest = `http://${registry.address}/v2/token.invalid/x/token/manifests/1`;
    assert.equal((await fetch(manifest)).status, 401, 'it gives nothing away without a token');
    assert.ok((await registry.requests()).some(({ url, status }) => url.includes('/blobs/') && status === 200));
    assert.ok(server.requests().every(({ headers }) => headers.authorization === undefined));
    assert.match(server.requests().at(-1)?.url ?? '', /scope=repository%3Atoken\.invalid%2Fx%2Ftoken%3Apull/);
  } finally {
    server.close();
  }
});

onNode('layers that lie elsewhere, and layers that break off: resumed there, or at the next mirror', async (bed) => {
  const { address } = bed.cluster.mirror;
  const store = recordingMirror(address);
  const redirecting = front(address, ({ url = '' }, answer, pass) => {
    if (!url.includes('/blobs/')) return pass();
    void store.then((it) => answer.writeHead(302, { location: `http://${it.address}${url}` }).end());
  });
  const fronts = [
    store,
    redirecting,
    cuttingMirror(address, 1000),
    cuttingMirror(address, 1000),
    recordingMirror(address),
  ];
  await withFronts(fronts, async (elsewhere, redirects, cutsAlone, cuts, next) => {
    const under = (host: string, mirror: Front | undefined) => `${host}.invalid=${mirror?.address}/${host}.invalid`;
    const mirrors = [
      under('redirected', redirects),
      under('cutalone', cutsAlone),
      under('cutnext', cuts),
      under('cutnext', next),
    ];
    start(bed, mirrors.join());
    const images = new Map<string, string>();
    for (const name of ['redirected', 'cutalone', 'cutnext']) {
      const { reference, digest } = await bed.image(name, `${name}.invalid/x`);
      images.set(name, digest);
      await bed.pod(name, { image: reference });
    }
    for (const [name, digest] of images) {
      await runs(bed, name);
      assert.ok((await bed.word(name, 'ImageRescued')).includes(digest), `${name}: same digest`);
    }
    const ranged = (mirror: Front | undefined) =>
      mirror?.requests().filter(({ url, headers }) => url.includes('/blobs/') && headers.range === 'bytes=1000-')
        .length ?? 0;
    assert.ok(
      (elsewhere?.requests() ?? []).some(({ url }) => url.includes('/blobs/')),
      'the other place was asked',
    );
    assert.ok(ranged(cutsAlone) > 0, 'resumed at the same mirror');
    assert.ok(ranged(next) > 0, 'resumed at the next one');
  });
});

onNode(
  'a mirror that throttles without measure: the next one serves, and for the next image it is not asked',
  async (bed) => {
    await withFronts([stubbornMirror(429, { 'retry-after': '99999999' }, 'slow down')], async (busy) => {
      const { address } = bed.cluster.mirror;
      const [first, second] = [
        await bed.image('rest-one', 'rest.invalid/x'),
        await bed.image('rest-two', 'rest.invalid/x'),
      ];
      start(bed, `${busy.address},${address}`);
      await bed.pod('rest-one', { image: first.reference });
      await runs(bed, 'rest-one');
      const asked = busy.requests().length;
      assert.ok(asked > 0);
      await bed.pod('rest-two', { image: second.reference });
      await runs(bed, 'rest-two');
      assert.equal(busy.requests().length, asked);
      assert.ok((await bed.word('rest-two', 'ImageRescueStarted')).includes(`${address}, then ${busy.address}`));
    });
  },
);

onNode(
  'an allow-list with a long and coloured page, and a mirror that is down: told, in one clean line',
  async (bed) => {
    const page = `\u001b[1;31m{not} on the allow-list\u001b[0m\u202e ${'x'.repeat(2_000_000)}\n`;
    await withFronts(
      [stubbornMirror(403, {}, page), stubbornMirror(503, { 'retry-after': '5' })],
      async (denies, down) => {
        start(bed, `${denies.address},${down.address}`);
        await bed.pod('denied', { image: 'denied.invalid/x:1' });
        const told = await bed.word('denied', 'ImageRescueFailed');
        assert.match(told, /403 Forbidden: .*\{not\} on the allow-list/);
        assert.match(told, /503 Service Unavailable, asks to wait 5 s/);
        assert.doesNotMatch(told, /[\p{Cc}\p{Cf}]/u);
        assert.ok(Buffer.byteLength(told) <= 1024);
      },
    );
  },
);

onNode(
  'a mirror elsewhere that sends us to this node by token server and redirect: nothing is asked here',
  async (bed) => {
    const local = await recordingMirror(bed.cluster.mirror.address);
    const elsewhere = await addressOf(bed);
    const realm = { 'www-authenticate': `Bearer realm="http://${local.address}/token",service="x"` };
    const moved = { location: `http://${local.address}/` };
    const fronts = [
      Promise.resolve(local),
      stubbornMirror(401, realm, '', elsewhere),
      stubbornMirror(302, moved, '', elsewhere),
    ];
    await withFronts(fronts, async (_, asksToken, redirects) => {
      start(bed, `realm.invalid=http://${asksToken?.address},redirect.invalid=http://${redirects?.address}`);
      await bed.pod('realm', { image: 'realm.invalid/x:1' });
      await bed.pod('redirect', { image: 'redirect.invalid/x:1' });
      for (const name of ['realm', 'redirect'])
        assert.match(
          await bed.word(name, 'ImageRescueFailed'),
          /is at a loopback address, and the mirror itself is not/,
        );
      assert.deepEqual(local.requests(), []);
    });
  },
);

onNode('what must never leave: not one request at the mirror names it', async (bed) => {
  await withFronts([recordingMirror(bed.cluster.mirror.address)], async (mirror) => {
    const { reference } = await bed.image('open', 'open.invalid/x');
    start(bed, `${mirror.address},closed.open.invalid=${mirror.address}`, {
      MIRROR_REGISTRIES: 'open.invalid,*.open.invalid,10.99.0.1,registry.team.svc,registry.team.svc.cluster.local',
      NO_PROXY_DOCKER_DOMAIN: 'never.open.invalid,*.closed.open.invalid,closed.open.invalid,port.open.invalid:5000',
    });
    const never = {
      exact: ['never.open.invalid/secret:1', /NO_PROXY_DOCKER_DOMAIN/],
      anyport: ['never.open.invalid:8443/secret:1', /NO_PROXY_DOCKER_DOMAIN/],
      wildcard: ['a.b.closed.open.invalid/secret:1', /NO_PROXY_DOCKER_DOMAIN/],
      hasmirror: ['closed.open.invalid/secret:1', /NO_PROXY_DOCKER_DOMAIN/],
      theport: ['port.open.invalid:5000/secret:1', /NO_PROXY_DOCKER_DOMAIN/],
      unlisted: ['other.invalid/secret:1', /MIRROR_REGISTRIES/],
      address: ['10.99.0.1/secret:1', /internal/],
      hidden: ['0x7f.0.0.1:9/secret:1', /internal/],
      service: ['registry.team.svc/secret:1', /internal/],
      longservice: ['registry.team.svc.cluster.local/secret:1', /internal/],
      undotted: ['registry:9/secret:1', /internal/],
    } as const;
    for (const [name, [image]] of Object.entries(never)) await bed.pod(name, { image });
    await bed.pod('open', { image: reference });
    for (const [name, [, why]] of Object.entries(never)) assert.match(await bed.word(name, 'ImageRescueRefused'), why);
    await runs(bed, 'open');
    assert.ok(mirror.requests().length > 0);
    assert.deepEqual(
      mirror.requests().filter(({ url }) => !url.startsWith('/v2/open.invalid/x/open/')),
      [],
    );
  });
});

onNode(
  'VERIFY_DIGEST=quorum: what two mirrors agree on comes, what they do not is told, one alone is not asked',
  async (bed) => {
    const { mirror } = bed.cluster;
    const other = await bed.cluster.startRegistry('other-voice');
    const same = await demoImage('the same at both');
    await pushImage(other.address, 'x/agree', '1', same);
    const { digest } = await pushImage(mirror.address, 'x/agree', '1', same);
    const theirs = await pushImage(other.address, 'x/differ', '1', await demoImage('theirs'));
    const ours = await pushImage(mirror.address, 'x/differ', '1', await demoImage('ours'));
    start(bed, `two.invalid=${mirror.address},two.invalid=${other.address},one.invalid=${mirror.address}`, {
      VERIFY_DIGEST: 'quorum',
    });
    await bed.pod('agree', { image: 'two.invalid/x/agree:1' });
    await bed.pod('differ', { image: 'two.invalid/x/differ:1' });
    await bed.pod('alone', { image: 'one.invalid/x/agree:1' });
    await bed.pod('pinned', { image: `one.invalid/x/agree@${digest}` });
    await runs(bed, 'agree');
    await runs(bed, 'pinned');
    assert.ok((await bed.word('agree', 'ImageRescued')).includes(digest));
    const told = await bed.word('differ', 'ImageRescueFailed');
    for (const part of [ours.digest, theirs.digest, 'VERIFY_DIGEST=quorum']) assert.ok(told.includes(part), told);
    assert.match(await bed.word('alone', 'ImageRescueRefused'), /VERIFY_DIGEST=quorum/);
    assert.doesNotMatch(await bed.cluster.ctr('images', 'list', '-q'), /two\.invalid\/x\/differ/);
  },
);

onNode('after a failure the command that the Event names has the image asked for again', async (bed) => {
  start(bed, bed.cluster.mirror.address);
  await bed.pod('again', { image: 'again.invalid/x/again:1' });
  const told = await bed.word('again', 'ImageRescueFailed');
  await bed.image('again', 'again.invalid/x');
  const [, command = ''] = /sooner after kubectl (delete job -n \S+ [a-z0-9-]+)\./.exec(told) ?? [];
  await bed.cluster.kubectl(...command.split(' '));
  await runs(bed, 'again');
});

/** A pod on a node that has no machine, as a kubelet there would report it. */
async function runsElsewhere({ cluster: { kube } }: Bed, name: string, image: string, imageID: string): Promise<void> {
  const metadata = { name, labels: { app: name } };
  const spec = { nodeName: 'elsewhere', containers: [{ name: 'app', image }] };
  await kube.post('/api/v1/namespaces/default/pods', { metadata, spec });
  const status = { name: 'app', image, imageID, ready: true, restartCount: 0, state: { running: {} } };
  await kube.patch(`/api/v1/namespaces/default/pods/${name}/status`, {
    status: { phase: 'Running', containerStatuses: [status] },
  });
}

onNode(
  'another node runs the name as another image: told; with VERIFY_DIGEST=quorum refused, and nothing comes onto the node',
  async (bed) => {
    const { cluster } = bed;
    const older = `sha256:${'e'.repeat(64)}`;
    const second = await cluster.startRegistry('second-voice');
    const same = await demoImage('newer');
    for (const { address } of [cluster.mirror, second]) await pushImage(address, 'x/newer', '1', same);
    await cluster.kube.post('/api/v1/nodes', { metadata: { name: 'elsewhere' } });
    try {
      await runsElsewhere(bed, 'older', 'moved.invalid/x/newer:1', `moved.invalid/x/newer@${older}`);
      const mirrors = `moved.invalid=${cluster.mirror.address},moved.invalid=${second.address}`;
      const strict = start(bed, mirrors, { VERIFY_DIGEST: 'quorum' });
      await bed.pod('strict', { image: 'moved.invalid/x/newer:1' });
      const refused = await bed.word('strict', 'ImageRescueFailed');
      assert.match(refused, /another node runs it as something else than sha256:/);
      assert.ok(!refused.includes(older), 'whose that is is not told');
      assert.doesNotMatch(await cluster.ctr('images', 'list', '-q'), /moved\.invalid\/x\/newer/);
      await strict.end();

      start(bed, mirrors, { COOL_DOWN: '1' });
      await bed.pod('lenient', { image: 'moved.invalid/x/newer:1' });
      await runs(bed, 'lenient');
      const told = await bed.word('lenient', 'ImageRescueDiffers');
      assert.ok(told.includes(`node elsewhere reports it as ${older}`), told);
    } finally {
      await cluster.kube.delete('/api/v1/nodes/elsewhere');
    }
  },
);
