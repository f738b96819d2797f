import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wakeValue } from '../../shared/pods/wake.ts';
import { marks } from '../../shared/pulls/name.ts';
import { aPod, type ContainerParts } from '../../test/builders.ts';
import { anEvent, aPull, aSnapshot, before, now, type PullParts } from '../../test/snapshot.ts';
import type { OwnEvent } from '../read/reader.ts';
import type { Snapshot } from '../read/snapshot.ts';
import type { StuckState } from './state.ts';
import { statusReport } from './status.ts';

const image = 'docker.io/library/demo:1';
const noRoute = `failed to pull and unpack image "${image}": dial tcp 198.51.100.7:443: connect: no route to host`;
const notThere = `failed to pull and unpack image "${image}": ${image}: not found`;
const refusals = [{ mirror: 'm.example', answer: '404 Not Found' }];
const failed: PullParts = { result: { way: 'none', answers: refusals, error: 'no mirror served it' }, ended: 60 };
const route: PullParts = { result: { way: 'route', mirror: 'm.example' } };

interface Case {
  container?: ContainerParts;
  annotations?: Record<string, string>;
  created?: string;
  pull?: PullParts;
  told?: OwnEvent[];
  more?: Partial<Snapshot>;
}

function only({ container, annotations = {}, created = before(300), pull, told = [], more = {} }: Case) {
  const pod = aPod({
    metadata: { annotations, creationTimestamp: created },
    containers: [{ waiting: 'ImagePullBackOff', message: noRoute, ...container }],
  });
  const pulls = pull === undefined ? [] : [aPull(pull)];
  const snapshot = aSnapshot({ pods: [pod], pulls, told: new Map([[pod.metadata.uid, told]]), ...more });
  const { stuck } = statusReport(snapshot);
  assert.equal(stuck.length, 1);
  return stuck[0] ?? assert.fail();
}

const woken = (seconds: number, step = 1) => ({
  [marks.wake]: wakeValue(aPod(), image, { attempt: 'uid', at: now - seconds * 1000, step }),
});
const always = { imagePullPolicy: 'Always' };

for (const [what, given, state, next, at] of [
  ['nothing done, a young pod', { created: before(5) }, 'waiting', /within seconds/],
  ['nothing done for long', {}, 'waiting', /is image-rescue running/],
  ['a pull that has no pod yet', { pull: {} }, 'starting', /when the pull has ended/, before(60 - 600 - 1800)],
  ['a pull under way', { pull: { begun: true } }, 'fetching', /when the pull has ended/, before(60 - 600 - 1800)],
  ['a failed pull', { pull: failed }, 'resting', /tried again/, before(60 - 600)],
  ['a failed pull that has rested', { pull: { ...failed, ended: 600 } }, 'due', /next looks/],
  ['a pull whose pod never was', { pull: { failed: 'FailedCreate' } }, 'resting', /tried again/],
  ['it came, not woken yet', { pull: route }, 'came', /told to look again/],
  ['it came, just woken', { pull: route, annotations: woken(3) }, 'came', /starts it/],
  ['it came, woken in vain', { pull: route, annotations: woken(40) }, 'came', /second attempt follows/],
  ['it came twice in vain', { pull: { ...route, attempt: 2 }, annotations: woken(40, 2) }, 'came', /mirror's address/],
  ['Always, by route', { pull: route, container: always }, 'came', /through the route/, before(10 - 330)],
  ['Always, the route is down', { pull: { ...route, held: false }, container: always }, 'due', /tried again/],
  ['Always, by name', { pull: { result: { way: 'name' } }, container: always }, 'came', /mirror's address is put/],
  ['only at a mirror', { pull: { result: { way: 'patch' } } }, 'came', /mirror's address is put/],
  ['not at the registry', { container: { message: notThere } }, 'refused', /until a person/],
  ['not there, tried before', { container: { message: notThere }, pull: failed }, 'refused', /until a person/],
  ['Never', { container: { imagePullPolicy: 'Never', message: '' } }, 'refused', /until a person/],
  ['the kubelet limits itself', { container: { message: 'pull QPS exceeded' } }, 'waiting', /kubelet tries again/],
  ['a refused signature', { container: { waiting: 'SignatureValidationFailed' } }, 'refused', /around that decision/],
  [
    'told that it is refused',
    { told: [anEvent('ImageRescueRefused', `${image} is not rescued: x.`)] },
    'refused',
    /until/,
  ],
  [
    'refused before it was tried',
    { told: [anEvent('ImageRescueRefused', `${image} is not rescued: x.`, 90)], pull: failed },
    'resting',
    /tried again/,
  ],
  [
    'refused for another image',
    { told: [anEvent('ImageRescueRefused', 'docker.io/library/other:1 is not rescued: x.')] },
    'waiting',
    /running/,
  ],
  ['DRY_RUN', { told: [anEvent('ImageRescueDryRun', `DRY_RUN: ${image} would be fetched.`)] }, 'dry run', /DRY_RUN/],
  [
    'failed, and its Job is gone',
    { told: [anEvent('ImageRescueFailed', `${image} could not be rescued: x.`)] },
    'due',
    /next/,
  ],
  ['marked', { annotations: { [marks.skip]: 'true' }, pull: failed }, 'left alone', /marked/],
  ['marked by its namespace', { more: { skipped: new Set(['default']) } }, 'left alone', /marked/],
  [
    "a mirror's address that fails",
    { container: { image: `m.example/${image}` }, annotations: { [marks.originals]: `{"c0":"${image}"}` } },
    'patched',
    /next mirror's address/,
  ],
  ['the original is back', { annotations: { [marks.originals]: `{"c0":"${image}"}` } }, 'waiting', /running/],
] as const satisfies readonly (readonly [string, Case, StuckState, RegExp, string?])[]) {
  test(`${what}: ${state}`, () => {
    const one = only(given);
    assert.equal(one.state, state);
    assert.match(one.next.what, next);
    if (at !== undefined) assert.equal(one.next.at, at);
    assert.equal(one.image, image);
  });
}

test('the cause is told in words, the kubelet is quoted cleaned', () => {
  const one = only({
    container: { message: `\u001b[31m${noRoute}\u001b[0m https://x.example/v2?X-Amz-Signature=abc` },
  });
  assert.equal(one.helps, 'yes');
  assert.equal(one.why, 'there is no network route to its registry');
  assert.equal(one.words, `${noRoute} https://x.example/v2?…`);
});

test('what was told of a refusal is its why; where the cause is a "no", the cause is', () => {
  const told = [
    anEvent('ImageRescueRefused', `${image} is not rescued: docker.io is named in NO_PROXY_DOCKER_DOMAIN.`),
  ];
  assert.equal(only({ told }).why, 'docker.io is named in NO_PROXY_DOCKER_DOMAIN');
  assert.match(only({ told, container: { message: notThere } }).why, /no such image/);
});

test("a kubelet that does not say the cause in a back-off said it in an Event; others' Events say nothing of this image", () => {
  const container = { message: `Back-off pulling image "${image}"` };
  const said = (message: string) => [{ reason: 'Failed', message, from: 'kubelet', at: now }];
  const kubelet = (message: string) => ({ more: { kubelet: new Map([['uid-web-1', said(message)]]) } });
  assert.equal(only({ container }).cause, 'unknown');
  const known = only({ container, ...kubelet(`Failed to pull image "${image}": dial tcp: no route to host`) });
  assert.equal(known.why, 'there is no network route to its registry');
  assert.equal(
    only({ container, ...kubelet('Failed to pull image "x:1": dial tcp: no route to host') }).cause,
    'unknown',
  );
});

test('replicas, spellings and several images: one entry per pod and image', () => {
  const containers = [
    { waiting: 'ErrImagePull', message: noRoute },
    { waiting: 'ImagePullBackOff', image: 'demo:1', message: noRoute },
    { waiting: 'ErrImagePull', image: 'quay.io/other:2' },
  ];
  const pods = ['b', 'a'].map((name) => aPod({ metadata: { name, uid: name }, containers }));
  const { stuck } = statusReport(aSnapshot({ pods }));
  assert.deepEqual(
    stuck.map((one) => [one.pod, one.image, one.containers]),
    ['a', 'b'].flatMap((pod) => [
      [pod, image, ['c0', 'c1']],
      [pod, 'quay.io/other:2', ['c2']],
    ]),
  );
});

test('a pod that was told that nothing can be pulled for it is blocked, until it begins', () => {
  const told = new Map([
    ['uid-web-1', [anEvent('ImageRescueBlocked', 'Nothing can be pulled for this pod: no pause image.')]],
  ]);
  const pending = aPod({ containers: [{ waiting: 'ContainerCreating' }] });
  const [one] = statusReport(aSnapshot({ pods: [pending], told })).stuck;
  assert.equal(one?.state, 'blocked');
  assert.equal(one?.why, 'no pause image');
  assert.equal(one?.image, undefined);
  const begun = aPod({ containers: [{}], phase: 'Running' });
  assert.deepEqual(statusReport(aSnapshot({ pods: [begun], told })).stuck, []);
});
