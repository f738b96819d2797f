import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedRequests } from '../../test/recorded.ts';
import { type ImageCache, imageCacheSchema } from './image-cache.ts';
import { cacheState } from './state.ts';

const limits = { startDeadline: 600, pullDeadline: 1800 };

function recorded(name: string): ImageCache {
  const request = recordedRequests().find((one) => one.name === `imagecache-${name}`);
  return imageCacheSchema.parse(request?.body);
}

function stateAfter(cache: ImageCache, seconds: number) {
  return cacheState(cache, limits, Date.parse(cache.metadata.creationTimestamp) + seconds * 1000);
}

for (const [name, expected] of [
  ['add-cache-ok-new', /^kube-fledged's controller has not taken it yet$/],
  ['update-cache-ok-processing', /^kube-fledged says "Processing"$/],
] as const) {
  test(`a real ${name} is waited for`, () => {
    const state = stateAfter(recorded(name), 30);
    assert.ok(state.state === 'under way');
    assert.match(state.why, expected);
  });
}

for (const [name, expected] of [
  ['update-cache-ok-succeeded', /^Succeeded$/],
  ['update-cache-fails-failed', /^Failed: "ErrImagePull: rpc error: code = NotFound desc = .*"$/],
] as const) {
  test(`a real ${name} is over, in its own words`, () => {
    const state = stateAfter(recorded(name), 30);
    assert.ok(state.state === 'over');
    assert.match(state.said, expected);
    assert.ok(Buffer.byteLength(state.said) < 400);
  });
}

const withStatus = (word: string | null): ImageCache => ({
  ...recorded('add-cache-ok-new'),
  ...(word !== null && { status: { status: word, message: 'm', failures: null } }),
});
for (const [what, word, seconds, expected] of [
  ['no life within START_DEADLINE', null, 600, /no life of its controller within 600 s \(START_DEADLINE\)/],
  ['an empty status is no life', '', 600, /no life of its controller/],
  ['begun, and no end within both deadlines', 'Processing', 2400, /Processing and no end within 2400 s/],
  ['given up', 'Aborted', 1, /^Aborted: "m"$/],
  ['nothing done', 'NoImagesPulledOrDeleted', 1, /^NoImagesPulledOrDeleted: "m"$/],
] as const) {
  test(`over: ${what}`, () => {
    const state = stateAfter(withStatus(word), seconds);
    assert.ok(state.state === 'over');
    assert.match(state.said, expected);
  });
}

test('whoever has begun is given the time of a pull', () => {
  assert.equal(stateAfter(withStatus('Processing'), 2399).state, 'under way');
  assert.equal(stateAfter(withStatus(null), 599).state, 'under way');
});
