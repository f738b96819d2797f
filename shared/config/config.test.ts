import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';
import { variables } from './variables.ts';

function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('one variable is enough', () => {
  const config = readConfig({ DOCKER_PROXY_URL: 'm.example' });
  assert.equal(config.checkInterval, 10);
  assert.equal(config.routeHold, 330);
  assert.equal(config.pullNamespace, 'image-rescue-pull');
});

test('all problems at once, each with the variable, what it got and an example', () => {
  const found = problems({
    IMAGE_CHECK_INTERVAL: 'soon',
    ROUTE: 'maybe',
    COOL_DOWN: '-1',
    RUNTIME_SOCKET: 'x',
    NODE_IMAGE: 'A B',
    PULL_NAMESPACE: '_',
  });
  assert.equal(found.length, 7);
  for (const name of [
    'DOCKER_PROXY_URL',
    'IMAGE_CHECK_INTERVAL',
    'ROUTE',
    'COOL_DOWN',
    'RUNTIME_SOCKET',
    'NODE_IMAGE',
    'PULL_NAMESPACE',
  ]) {
    assert.equal(
      found.filter((line) => line.startsWith(`${name} is`) && line.includes(`Example: ${name}=`)).length,
      1,
      name,
    );
  }
  assert.ok(found.some((line) => line.includes('"soon"')));
});

test('credentials in a mirror are refused unprinted', () => {
  const [only] = problems({ DOCKER_PROXY_URL: 'user:canary@m.example' });
  assert.match(only ?? '', /user name or password/);
  assert.doesNotMatch(only ?? '', /canary/);
});

test("every variable's example is accepted", () => {
  readConfig(Object.fromEntries(variables.map(({ name, example }) => [name, example])));
});
