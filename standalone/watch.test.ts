import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import pino from 'pino';
import { type Api, ApiError, type ApiRequest, PermissionError } from '../shared/cluster/api.ts';
import { RetryableError } from '../shared/events/errors.ts';
import { watch } from './watch.ts';

const line = (type: string, resourceVersion: string, more: object = {}) =>
  `${JSON.stringify({ type, object: { metadata: { resourceVersion }, ...more } })}\n`;

/** What a watch was asked from where, and what came of it; each of the given streams answers one watch. */
async function watched(streams: (string[] | Error)[]) {
  const stop = new AbortController();
  const from: string[] = [];
  const changes: string[] = [];
  let gaps = 0;
  const answers = [...streams];
  const api: Api = {
    json: async () => ({ metadata: { resourceVersion: `list-${gaps + 1}` } }),
    stream: async ({ path }: ApiRequest) => {
      from.push(new URLSearchParams(path.split('?')[1]).get('resourceVersion') ?? '');
      const answer = answers.shift();
      if (answer === undefined) {
        stop.abort();
        throw new RetryableError('stopped');
      }
      if (answer instanceof Error) throw answer;
      const stream = Readable.from(answer.map((text) => Buffer.from(text)));
      return Object.assign(stream, { setTimeout: () => stream }) as unknown as IncomingMessage;
    },
  };
  await watch(
    { path: '/api/v1/pods' },
    {
      api,
      log: pino({ level: 'silent' }),
      stop: stop.signal,
      onChange: (change, object) =>
        changes.push(`${change} ${(object as { metadata: { resourceVersion: string } }).metadata.resourceVersion}`),
      onGap: () => {
        gaps += 1;
      },
    },
  );
  return { from, changes, gaps };
}

test('a cut connection goes on where it broke off, however the lines were cut into pieces', async () => {
  const [one, two] = [line('ADDED', '5'), line('MODIFIED', '6')];
  const { from, changes, gaps } = await watched([
    [one.slice(0, 9), one.slice(9) + two, line('ADDED', '7').slice(0, 20)],
  ]);
  assert.deepEqual(from, ['list-1', '6']);
  assert.deepEqual(changes, ['add 5', 'update 6']);
  assert.equal(gaps, 1);
});

test('a bookmark moves on, tells nothing', async () => {
  const { from, changes } = await watched([[line('BOOKMARK', '9')]]);
  assert.deepEqual([from, changes], [['list-1', '9'], []]);
});

test('an expired version (410, as an answer or as an event) begins anew and says that there is a gap', async () => {
  const asEvent = await watched([[line('ERROR', '', { code: 410, message: 'too old' })]]);
  assert.deepEqual([asEvent.from, asEvent.gaps], [['list-1', 'list-2'], 2]);
  const asAnswer = await watched([new ApiError(410, 'Expired', 'too old')]);
  assert.deepEqual([asAnswer.from, asAnswer.gaps], [['list-1', 'list-2'], 2]);
});

for (const [what, error] of [
  ['an API server that is away', new RetryableError('refused')],
  ['one that does not allow it (yet)', new PermissionError(403, 'Forbidden', 'cannot watch resource')],
] as const) {
  test(`${what} is asked again, from the same version`, async () => {
    const { from, gaps } = await watched([error, [line('ADDED', '5')]]);
    assert.deepEqual(from, ['list-1', 'list-1', '5']);
    assert.equal(gaps, 1);
  });
}
