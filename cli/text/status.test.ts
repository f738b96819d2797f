import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marks } from '../../shared/pulls/name.ts';
import { aPod } from '../../test/builders.ts';
import { aPull, aSnapshot, before, now } from '../../test/snapshot.ts';
import { statusReport } from '../report/status.ts';
import { inColour, plain } from './paint.ts';
import { statusText } from './status.ts';
import { width } from './width.ts';

process.env['TZ'] = 'UTC';

const message = 'failed to do request: dial tcp: lookup quay.io: no such host';
const created = before(400);
const replica = (name: string) =>
  aPod({
    metadata: { name, uid: name, creationTimestamp: created },
    containers: [{ waiting: 'ImagePullBackOff', image: 'quay.io/team/api:2', message }],
  });
const patched = aPod({
  metadata: { name: 'db-0', uid: 'db', annotations: { [marks.originals]: '{"c0":"docker.io/library/db:1"}' } },
  containers: [{ image: 'm.example/docker.io/library/db:1' }],
});
const answers = [
  { mirror: 'm.example', answer: '404 Not Found' },
  {
    mirror: 'n.example',
    answer: '403 Forbidden: 该镜像不在白名单内，请联系管理员将其加入白名单后再重新尝试拉取该镜像',
  },
];
const pulls = [
  aPull({
    image: 'quay.io/team/api:2',
    created: 390,
    ended: 380,
    result: { way: 'none', answers, error: 'no mirror served it' },
  }),
  aPull({ image: 'docker.io/library/web:1', created: 12, begun: true }),
  aPull({
    created: 100,
    ended: 90,
    result: { way: 'route', mirror: 'm.example', answers: [{ mirror: 'm.example', answer: 'has it' }] },
  }),
];
const progress = new Map([[pulls[1]?.job.metadata.name ?? '', { bytes: 34_100_000, of: 120_500_000 }]]);
const report = statusReport(aSnapshot({ pods: [replica('api-b'), replica('api-a'), patched], pulls, progress }));
const wide = { paint: plain, columns: Number.POSITIVE_INFINITY };

test('the status for people', () => {
  assert.equal(
    statusText(report, wide),
    `12:00:00  2 pods are stuck on an image. 1 pull is under way, 1 route is held, 1 failed pull rests.

NAMESPACE  POD    NODE   IMAGE               STATE    AGE
default    api-a  node1  quay.io/team/api:2  resting  6 min
default    api-b  node1  quay.io/team/api:2  resting  6 min
  why    its registry's name cannot be resolved (DNS)
  tried  m.example: "404 Not Found"
  tried  n.example: "403 Forbidden: 该镜像不在白名单内，请联系管理员将其加入白名单后再重新尝试拉取该镜像"
  next   tried again, at the earliest: 12:03:40 (in 3 min)

NAMESPACE  PATCHED POD  CONTAINER  STATE    NAMES NOW                         IN PLACE OF
default    db-0         c0         running  m.example/docker.io/library/db:1  docker.io/library/db:1

PULL OF                   NODE   STATE     AGE
docker.io/library/web:1   node1  fetching  12 s   34.1 of 120.5 MB; from m.example, n.example
quay.io/team/api:2        node1  failed    6 min  rests until 12:03:40; no mirror served it
docker.io/library/demo:1  node1  came      100 s  from m.example by route in 1.9 s; route held until 12:04:00

MIRROR     ASKED  SERVED   LAST REFUSAL
m.example  2      1 (50%)  "404 Not Found" for quay.io/team/api:2
n.example  1      0 (0%)   "403 Forbidden: 该镜像不在白名单内，请联系管理员将其加入白名单后再重新尝试拉取该镜像" for quay.io/team/api:2
`,
  );
});

test('no line is wider than the terminal, in colour or not', () => {
  for (const columns of [60, 80, 120]) {
    for (const line of statusText(report, { paint: plain, columns }).split('\n'))
      assert.ok(width(line) <= columns, line);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out
    const bare = statusText(report, { paint: inColour, columns }).replace(/\u001b\[\d+m/g, '');
    assert.equal(bare, statusText(report, { paint: plain, columns }));
  }
});

test('a namespace that was asked for is named once', () => {
  const text = statusText(statusReport(aSnapshot({ pods: [replica('api-a')], namespace: 'default' })), wide);
  assert.match(text, /^12:00:00 {2}1 pod is stuck on an image in namespace default\.\n/);
  assert.match(text, /^POD {4}NODE/m);
});

test('nothing to tell is told in one line', () => {
  assert.equal(statusText(statusReport(aSnapshot()), wide), '12:00:00  No pod is stuck on an image.\n');
});

test('of many pulls those under way and the failed come first, the rest is counted', () => {
  const came = Array.from({ length: 30 }, (_, index) => aPull({ image: `a${index}`, result: { way: 'name' } }));
  const text = statusText(statusReport(aSnapshot({ pulls: [...came, ...pulls], at: now })), wide);
  const [first, second] = text.split('\n').slice(3);
  assert.match(first ?? '', /fetching/);
  assert.match(second ?? '', /failed/);
  assert.match(text, /… and 13 more \(-o json has all\)/);
});
