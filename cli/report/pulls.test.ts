import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPull, aSnapshot, before, type PullParts } from '../../test/snapshot.ts';
import { mirrorReports } from './mirrors.ts';
import { pullReports } from './pulls.ts';

const report = (parts: PullParts) => pullReports(aSnapshot({ pulls: [aPull(parts)] }))[0] ?? assert.fail();

test('a pull that came by route: what it was, and how long the route is held', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const answers = [{ mirror: 'm.example', answer: 'has it' }];
  const one = report({ result: { way: 'route', mirror: 'm.example', digest, answers }, ended: 30 });
  const { job, ...rest } = one;
  assert.match(job, /^pull-/);
  assert.deepEqual(rest, {
    image: 'docker.io/library/demo:1',
    node: 'node1',
    attempt: 1,
    askedBy: 'default/web-1',
    created: before(60),
    mirrors: ['m.example', 'n.example'],
    state: 'came',
    ended: before(30),
    seconds: 1.9,
    way: 'route',
    mirror: 'm.example',
    digest,
    answers,
    route: { registry: 'docker.io', until: before(30 - 330) },
  });
});

test('a route is held only while its registry container runs, and only for a route', () => {
  assert.equal(report({ result: { way: 'route' }, held: false }).route, undefined);
  assert.equal(report({ result: { way: 'name' } }).route, undefined);
});

test('a failed pull rests for COOL_DOWN from its end, as its Job has it', () => {
  const none = { way: 'none', error: 'no mirror served it' } as const;
  assert.equal(report({ result: none, ended: 60 }).restsUntil, before(60 - 600));
  assert.equal(report({ result: none, ended: 600 }).restsUntil, undefined);
  assert.equal(report({ failed: 'DeadlineExceeded', ended: 60 }).restsUntil, before(60 - 600));
  assert.equal(report({ result: { way: 'name' } }).restsUntil, undefined);
});

test('a pull whose pod never began fails when START_DEADLINE is over, which stands in its Job', () => {
  assert.equal(report({ created: 599 }).state, 'starting');
  const late = report({ created: 601 });
  assert.equal(late.state, 'failed');
  assert.equal(late.why, 'it did not start within 600 s (START_DEADLINE)');
});

test("Kubernetes' words of a pull that does not start are its why", () => {
  const pull = aPull({ failed: 'BackoffLimitExceeded' });
  const notStarted = new Map([[pull.job.metadata.name, 'the node is full']]);
  const [one] = pullReports(aSnapshot({ pulls: [pull], notStarted }));
  assert.equal(one?.why, 'BackoffLimitExceeded. the node is full');
});

test('what has come is told of a pull under way', () => {
  const pull = aPull({ begun: true });
  const progress = new Map([[pull.job.metadata.name, { bytes: 1, of: 2 }]]);
  const [one] = pullReports(aSnapshot({ pulls: [pull], progress }));
  assert.equal(one?.state, 'fetching');
  assert.deepEqual(one?.progress, { bytes: 1, of: 2 });
});

test('what mirrors answered steers no terminal', () => {
  const answers = [{ mirror: 'm.example', answer: '403 \u001b[2J\u202eDENIED' }];
  const [answer] = report({ result: { way: 'none', answers } }).answers;
  assert.equal(answer?.answer, '403 DENIED');
});

test('the newest pull first, also of one image', () => {
  const pulls = [aPull({ created: 90 }), aPull({ created: 30, attempt: 2 })];
  assert.deepEqual(
    pullReports(aSnapshot({ pulls })).map(({ attempt }) => attempt),
    [2, 1],
  );
});

test('how each mirror did: asked, served, the last refusal; who was not asked has no rate', () => {
  const answered = (image: string, ended: number, first: string, second?: string) =>
    aPull({
      image,
      ended,
      result: {
        way: 'none',
        answers: [
          { mirror: 'm.example', answer: first },
          ...(second === undefined ? [] : [{ mirror: 'n.example', answer: second }]),
        ],
      },
    });
  const digest = `has it as sha256:${'0'.repeat(64)}`;
  const pulls = [
    answered('a', 40, '404 Not Found', 'has it'),
    answered('b', 50, '503 x', 'has it; 502 Bad Gateway'),
    answered('c', 60, 'has it'),
    answered('d', 70, digest),
  ];
  assert.deepEqual(mirrorReports(pullReports(aSnapshot({ pulls }))), [
    {
      mirror: 'm.example',
      asked: 4,
      served: 2,
      rate: 0.5,
      lastRefusal: { image: 'docker.io/library/a:latest', answer: '404 Not Found', at: before(40) },
    },
    {
      mirror: 'n.example',
      asked: 2,
      served: 1,
      rate: 0.5,
      lastRefusal: { image: 'docker.io/library/b:latest', answer: 'has it; 502 Bad Gateway', at: before(50) },
    },
  ]);
  assert.deepEqual(mirrorReports(pullReports(aSnapshot({ pulls: [aPull()] }))), [
    { mirror: 'm.example', asked: 0, served: 0 },
    { mirror: 'n.example', asked: 0, served: 0 },
  ]);
});
