import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import pino from 'pino';
import type { Handler } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import { postTo } from '../../shared/http/post.ts';
import { serve } from '../../shared/http/server.ts';
import { startCluster } from '../cluster/cluster.ts';
import { type Knative, startKnative } from '../cluster/knative/knative.ts';
import { serviceHost } from '../cluster/knative/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { render } from '../knative/render.ts';
import { brokerContract } from './broker-contract.ts';

// Knative's own broker with our Triggers, and our functions' own HTTP server, as they work together on a cluster.

const namespace = 'image-rescue';
const patience = 30_000;
const closing: (() => unknown)[] = [];
const givenUp: string[] = [];
let knative: Knative;
after(async () => {
  for (const close of closing.reverse()) await close();
});

brokerContract(async (handlers) => {
  const cluster = await startCluster({ hostConfig: false });
  closing.push(cluster.stop);
  await cluster.kube.post('/api/v1/namespaces', { metadata: { name: namespace } });
  knative = await startKnative(cluster, namespace, render('knative'));
  closing.push(knative.close);
  const dead: Handler = async (event) => {
    givenUp.push(event.subject ?? '');
    return undefined;
  };
  for (const [name, handler] of Object.entries({ ...handlers, 'dead-letter': dead })) {
    const server = await serve(handler, { port: 0, log: pino({ level: 'silent' }) });
    closing.push(() => server.close());
    knative.names.set(serviceHost(name, namespace), `127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
  return { send: postTo(knative.sink), givenUp: () => givenUp };
});

test('a body that is no event counts as a failure: brought again, then a dead letter. So no function ever sends one', async () => {
  const subject = 'with-a-body';
  let deliveries = 0;
  const server = createServer((request, response) => {
    if (request.headers['ce-subject'] === subject) deliveries += 1;
    response.end('done');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => server.close());
  knative.names.set(serviceHost('sweep', namespace), `127.0.0.1:${(server.address() as AddressInfo).port}`);
  await postTo(knative.sink)({ id: '1', type: eventTypes.ping, source: '/test', subject, extensions: {}, data: {} });
  await waitFor('the event to be given up', () => givenUp.includes(subject), patience);
  assert.equal(deliveries, 6, 'once, and five times again');
});
