import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RescueEvent } from '../../shared/events/event.ts';
import { deadLetter } from './handler.ts';

const event: RescueEvent = { id: '1', type: 't', source: '/s', subject: 'x', extensions: {}, data: {} };

test('a dead letter is one line with type, id and the reason that Knative keeps in Base64', async () => {
  const lines: unknown[] = [];
  const handler = deadLetter({ error: (...line: unknown[]) => void lines.push(line) });
  const extensions = {
    knativeerrorcode: '422',
    knativeerrordest: 'http://restore.image-rescue.svc.cluster.local',
    knativeerrordata: Buffer.from('data of t 1: pod: wrong').toString('base64'),
  };
  assert.equal(await handler({ ...event, extensions }), undefined);
  const said = { code: '422', to: extensions.knativeerrordest, reason: 'data of t 1: pod: wrong' };
  assert.deepEqual(lines, [[{ type: 't', id: '1', source: '/s', subject: 'x', ...said, count: 1 }, 'dead letter']]);
});

test('dead letters are counted by type, and one that says nothing of its failure counts too', async () => {
  const counts: unknown[] = [];
  const handler = deadLetter({
    error: (line: object) => void counts.push(['type', 'count', 'reason'].map((name) => Reflect.get(line, name))),
  });
  for (const type of ['a', 'b', 'a']) await handler({ ...event, type });
  const none = 'none was given';
  assert.deepEqual(counts, [
    ['a', 1, none],
    ['b', 1, none],
    ['a', 2, none],
  ]);
});
