import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../shared/causes/classify.ts';
import type { MirrorAnswer } from '../../shared/pulls/result.ts';
import { clean } from '../../shared/words/clean.ts';
import { dryRunEvent, failedEvent } from './words.ts';

const attempt = { uid: 'u2', job: 'pull-1' };
const settings = { coolDown: 600, pullNamespace: 'image-rescue-pull' };
const pod = { namespace: 'default', name: 'web', uid: 'u1' };
const image = 'docker.io/library/demo:1';
const answer = (mirror: string, said: string, outcome: MirrorAnswer['outcome'] = 'down'): MirrorAnswer => ({
  mirror,
  answer: said,
  ...(outcome && { outcome }),
});

function failed(answers: MirrorAnswer[], error?: string): string {
  const cause = classify({ reason: 'ErrImagePull', message: 'dial tcp: lookup x: no such host' });
  return failedEvent(pod, image, { answers, ...(error !== undefined && { error }) }, cause, attempt, settings).message;
}

test('a failure says what failed, what to do, when it is tried again, why it was needed, and what was tried', () => {
  assert.equal(
    failed([answer('m.example', '404 Not Found', 'not there')], 'no mirror served it.'),
    `${image} could not be rescued: no mirror served it. No mirror has it: check its name and tag, or add a mirror that has it to DOCKER_PROXY_URL. It is tried again at the earliest 600 s after that (COOL_DOWN); sooner after kubectl delete job -n image-rescue-pull pull-1. The kubelet's own pull fails: its registry's name cannot be resolved (DNS). Mirrors answered: m.example: "404 Not Found".`,
  );
});

test('however long answers are, what to do and when survives the cut of an Event', () => {
  const long = 'x '.repeat(5000);
  const told = clean(
    failed(
      ['a', 'b', 'c', 'd'].map((one) => answer(`${one}.example`, long)),
      long,
    ),
    1024,
  );
  for (const part of [
    'Check whether the node reaches a.example',
    '600 s',
    'delete job -n image-rescue-pull pull-1.',
    'DNS',
    'a.example: "x',
    'b.example: "x',
  ])
    assert.ok(told.includes(part), `${part}: ${told}`);
});

for (const [what, answers, expected] of [
  [
    'who refuses comes before who has not',
    [answer('a', '', 'not there'), answer('b', '', 'denied')],
    /\. b does not give it/,
  ],
  [
    'who refuses credentials',
    [answer('a', '403, with those of MIRROR_PULL_SECRET', 'denied')],
    /check the credentials in/,
  ],
  ['who is down may have it', [answer('a', '', 'not there'), answer('b', '', 'down')], /node reaches b,/],
  ['who asks for patience', [answer('a', '', 'throttled')], /a asks for fewer requests: wait/],
] as const)
  test(what, () => assert.match(failed([...answers]), expected));

test('where a mirror has it, something else failed, and no mirror is blamed', () => {
  const told = failed([answer('a', 'has it', 'has it'), answer('b', '', 'not there')], 'no space left on device');
  assert.doesNotMatch(told, /DOCKER_PROXY_URL/);
  assert.match(told, /\. Its node's disk is full; free space/);
  const lost = failed([answer('a', 'has it', 'has it')], 'failed to copy: 127.0.0.1:1/v2/x: not found');
  assert.doesNotMatch(lost, /no such image/, 'that is no word of the registry');
});

test('DRY_RUN says which of the two ways it would take', () => {
  const mirrors = ['a.example', 'b.example'];
  const told = (patch: boolean) => dryRunEvent(pod, image, { state: 'dry run', mirrors, patch }).message;
  assert.match(told(false), /would be fetched through a\.example, then b\.example/);
  assert.match(told(true), /would be replaced in the pod by its address at a\.example, else at b\.example/);
});
