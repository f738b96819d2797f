import assert from 'node:assert/strict';
import { userOf } from './account.ts';
import type { TestEvent } from './bed.ts';
import { functionNames, hostOf, namespace, withToken } from './knative-bed.ts';
import { knativeCases } from './knative-cases.ts';
import { withPods } from './knative-pods.ts';

// Knative's own source adapters, broker and channel between the functions, by the manifests of knative/. The functions
// are pods of the built image: each pod template as its Service has it, in the namespace as it is labelled.

const onKnative = knativeCases(withPods);

onKnative('all of it was done by pods, each with its own token, and none was started twice', async (bed) => {
  const requests = (await bed.cluster.audit()).filter(({ userAgent }) => userAgent === 'image-rescue');
  for (const name of withToken)
    assert.ok(
      requests.some(({ user }) => user === userOf(name, namespace)),
      name,
    );
  for (const { user, pod = 'no pod', verb, resource, code } of requests) {
    const name = withToken.find((one) => user === userOf(one, namespace));
    assert.ok(name !== undefined && pod.startsWith(`${name}-`), `${verb} ${resource} by ${user} in ${pod}`);
    assert.notEqual(code, 403, `${name} may not ${verb} ${resource}`);
  }

  const { items } = await bed.cluster.kube.get<{ items: TestEvent[] }>(`/api/v1/namespaces/${namespace}/events`);
  const started = items.filter(({ reason }) => reason === 'Started');
  const pods = new Map(started.map(({ involvedObject: { name } }) => [name, 0]));
  for (const { involvedObject, count } of started)
    pods.set(involvedObject.name, (pods.get(involvedObject.name) ?? 0) + count);
  for (const [pod, times] of pods) assert.equal(times, 1, `${pod} started ${times} times`);
  for (const name of functionNames)
    assert.ok(
      [...pods.keys()].some((pod) => pod.startsWith(`${name}-`)),
      name,
    );

  const { passed } = bed.knative.names;
  const dead = passed.filter(({ host }) => host === hostOf('dead-letter')).map(({ event }) => event);
  assert.deepEqual(dead, [], 'nothing was undeliverable');
});
