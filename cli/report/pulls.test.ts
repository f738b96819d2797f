import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorAnswer } from '../../shared/pulls/result.ts';
import { aPull, aSnapshot, before, now, type PullParts } from '../../test/snapshot.ts';
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

test('how each mirror did: asked, served, the last refusal, until when it rests; who was not asked has no rate', () => {
  const answered = (image: string, ended: number, ...answers: MirrorAnswer[]) =>
    aPull({ image, ended, result: { way: 'none', answers } });
  const one = { mirror: 'm.example' };
  const other = { mirror: 'n.example' };
  const pulls = [
    answered('a', 40, { ...one, answer: '404 Not Found', outcome: 'not there' }, { ...other, answer: 'has it' }),
    answered(
      'b',
      50,
      { ...one, answer: '503', outcome: 'down' },
      { ...other, answer: 'has it; 429', outcome: 'throttled', retryAfter: 9999 },
    ),
    answered('c', 60, { ...one, answer: 'has it', outcome: 'has it' }),
    answered('d', 70, { ...one, answer: '502; has it as sha256:0', outcome: 'has it' }),
  ];
  const reports = (...some: typeof pulls) => mirrorReports(pullReports(aSnapshot({ pulls: some })), 600, now);
  assert.deepEqual(reports(...pulls), [
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
      restsUntil: before(50 - 600),
      lastRefusal: { image: 'docker.io/library/b:latest', answer: 'has it; 429', at: before(50) },
    },
  ]);
  assert.deepEqual(reports(aPull()), [
    { mirror: 'm.example', asked: 0, served: 0 },
    { mirror: 'n.example', asked: 0, served: 0 },
  ]);
});
