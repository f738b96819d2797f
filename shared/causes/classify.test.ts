import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { pullFailures } from '../../test/fixtures/pull-failures.ts';
import { bareWords } from './bare-words.ts';
import { classify } from './classify.ts';
import { rules } from './rules.ts';

const wild = z
  .array(
    z.object({
      message: z.string(),
      runtime: z.string(),
      cause: z.string(),
      mirrorHelps: z.enum(['yes', 'maybe', 'no']),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../../test/fixtures/pull-failure-messages.json', import.meta.url), 'utf8')));

for (const [index, { message, cause, mirrorHelps }] of wild.entries()) {
  test(`met in the wild, ${index} (${cause}): ${mirrorHelps}`, () => {
    assert.equal(classify({ reason: 'ErrImagePull', message }).helps, mirrorHelps, message);
  });
}

for (const [helps, cause, message, reason = 'ErrImagePull'] of pullFailures) {
  test(`${helps}, ${cause}: ${reason} ${message.slice(0, 80)}`, () => {
    const found = classify({ reason, message });
    assert.deepEqual([found.helps, found.cause], [helps, cause], message);
  });
}

test('every cause is met by some message, has one answer and a clause of advice', () => {
  const met = new Set(
    [
      ...wild.map(({ message }) => classify({ reason: '', message })),
      ...pullFailures.map(([, , message, reason = '']) => classify({ reason, message })),
    ].map(({ cause }) => cause),
  );
  for (const { cause, helps, advice } of rules) {
    assert.ok(met.has(cause), `no message for ${cause}`);
    assert.match(cause, /^[a-z0-9-]{3,24}$/);
    assert.match(advice, /^[^A-Z].*[^.\s]$/);
    for (const other of rules.filter((rule) => rule.cause === cause))
      assert.deepEqual([other.helps, other.advice], [helps, advice]);
  }
});

test('a refused connection: a maybe where the node runs CRI-O, which may have been refused by a mirror of its own', () => {
  const message = 'dial tcp 1.2.3.4:443: connect: connection refused';
  assert.equal(classify({ reason: 'ErrImagePull', message }).helps, 'yes');
  assert.equal(classify({ reason: 'ErrImagePull', message, runtime: 'containerd://2.2.3' }).helps, 'yes');
  assert.equal(classify({ reason: 'ErrImagePull', message, runtime: 'cri-o://1.34.0' }).helps, 'maybe');
});

/** All messages, with what each means. A bare back-off has no cause to keep. */
const messages = [
  ...wild.map(({ message }) => ({ reason: 'ErrImagePull', message })),
  ...pullFailures.map(([, , message, reason = 'ErrImagePull']) => ({ reason, message })),
].map((failure) => ({ ...failure, meant: classify(failure) }));
const anyMessage = fc.constantFrom(...messages);

test('every phrase of a rule is met by some message: names are taken out first, and with them a phrase that looks like one', () => {
  const texts = messages.flatMap(({ message }) => bareWords(message));
  for (const { cause, says } of rules)
    for (const phrase of says ?? []) {
      const pattern = new RegExp(phrase.replaceAll(' ', ''));
      assert.ok(
        texts.some((text) => pattern.test(text)),
        `${cause}: ${phrase}`,
      );
    }
});

function means(expected: { cause: string; helps: string }, reason: string, message: string): void {
  const { cause, helps } = classify({ reason, message });
  assert.deepEqual({ cause, helps }, { cause: expected.cause, helps: expected.helps }, message);
}

/** Names that say what they must not decide. */
const trap = fc.constantFrom(
  'not-found',
  'denied',
  'timeout',
  'no-such-host',
  'eof',
  'unauthorized',
  'toomanyrequests',
  '403',
  '503',
  'x509',
  'manifest-unknown',
  'nginx',
  'no-space-left-on-device',
  'signature-rejected',
  'short-name',
);
const trapImage = fc
  .tuple(
    fc.constantFrom('docker.io', 'quay.io', 'ghcr.io', 'reg.timeout.example:5000', '10.1.2.3:8443', '[fd00::1]:5000'),
    trap,
    trap,
    trap,
  )
  .map(([host, group, name, tag]) => ({ host, path: `${group}/${name}`, tag }));
const images = /(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/)[a-z0-9._/-]+(?::[\w.-]+)?(?=["\s,:)]|$)/g;
const hosts =
  /\b(?:registry-1\.docker\.io|docker\.io|quay\.io|k8s\.gcr\.io|ghcr\.io|registry\.k8s\.io|localhost:7439)\b/g;

test('other hosts, images, tags and ports: same outcome', () => {
  fc.assert(
    fc.property(anyMessage, trapImage, ({ reason, message, meant }, { host, path, tag }) => {
      means(
        meant,
        reason,
        message.replace(/https?:\/\/[^\s"/]+\/v2\/[^\s":]+/g, `https://${host}/v2/${path}/manifests/${tag}`),
      );
      means(meant, reason, message.replace(/(?<=image )"[^"]*"/g, `"${host}/${path}:${tag}"`));
      means(meant, reason, message.replace(/(?<=image )"[^"]*"/g, `"${tag}"`));
      if (!/https?:/.test(message)) means(meant, reason, message.replace(images, `${host}/${path}:${tag}`));
      means(meant, reason, message.replace(hosts, host));
      means(meant, reason, message.replace(/\b\d+\.\d+\.\d+\.\d+:443/g, '10.9.8.7:8443'));
    }),
    { numRuns: 2000 },
  );
});

const quoted = (message: string) => /^(?!.*\\")[^{]*$/s.test(message);
for (const [what, change] of [
  ['escaped once', (text: string) => text.replaceAll('"', '\\"')],
  ['escaped twice', (text: string) => text.replaceAll('"', '\\\\\\"')],
  ['as entities', (text: string) => text.replaceAll('"', '&quot;')],
  ['in single quotes', (text: string) => text.replace(/"([^"\s']*)"/g, "'$1'")],
  ['in typographic quotes', (text: string) => text.replace(/"([^"\s]*)"/g, '“$1”')],
  ['not at all', (text: string) => text.replaceAll('"', '')],
] as const) {
  test(`names quoted ${what}: same outcome`, () => {
    for (const { reason, message, meant } of messages.filter((one) => quoted(one.message)))
      means(meant, reason, change(message));
  });
}

const prefixes = fc.constantFrom(
  'rpc error: code = Unknown desc = ',
  'rpc error: code = NotFound desc = ',
  'rpc error: code = DeadlineExceeded desc = ',
  'rpc error: code = Unavailable desc = ',
  'rpc error: code = PermissionDenied desc = ',
  'rpc error: code = Unauthenticated desc = ',
  'Error response from daemon: ',
  'failed to pull and unpack image "docker.io/denied/timeout:not-found": failed to resolve reference "docker.io/denied/timeout:not-found": ',
  'Failed to pull image "timeout": ',
  'Back-off pulling image "docker.io/library/not-found:denied": ErrImagePull: ',
  'Back-off pulling image "denied": ErrImagePull: rpc error: code = NotFound desc = ',
  '(combined from similar events): Failed to pull image "unauthorized": ',
  '',
);

test("runtimes' prefixes, and the back-off's since 1.32: same outcome", () => {
  fc.assert(
    fc.property(anyMessage, prefixes, prefixes, ({ reason, message, meant }, one, two) => {
      const stripped = message.replaceAll(/rpc error: code = \w+ desc = /g, '');
      means(meant, reason, `${one}${two}${message}`);
      means(meant, reason === 'ErrImagePull' ? 'ImagePullBackOff' : reason, `${one}${stripped}`);
    }),
    { numRuns: 2000 },
  );
});

test('lines wrapped at words or anywhere: same outcome', () => {
  fc.assert(
    fc.property(
      anyMessage,
      fc.integer({ min: 20, max: 120 }),
      fc.constantFrom('\n', '\r\n', '\n        '),
      ({ reason, message, meant }, width, wrap) => {
        means(meant, reason, message.replace(new RegExp(`(.{${width},}?) `, 'g'), `$1${wrap}`));
        means(meant, reason, message.replace(new RegExp(`(.{${width},}?) `, 'g'), `$1 ${wrap}`));
        means(meant, reason, message.replace(new RegExp(`(.{${width}})`, 'g'), `$1${wrap}`));
      },
    ),
    { numRuns: 2000 },
  );
});

test('nothing turns what a person must decide into what a mirror cures', () => {
  const decided = messages.filter(({ meant }) => meant.helps === 'no' || meant.helps === 'never');
  fc.assert(
    fc.property(
      fc.constantFrom(...decided),
      trapImage,
      prefixes,
      fc.integer({ min: 20, max: 120 }),
      fc.boolean(),
      ({ reason, message }, { host, path, tag }, prefix, width, escaped) => {
        // The one 'no' that stands for its host: a service of the cluster.
        const cluster = /\.svc[.:]/.test(message);
        const named = cluster ? message : message.replace(images, `${host}/${path}:${tag}`);
        const text = `${prefix}${escaped ? JSON.stringify(named).slice(1, -1) : named}`;
        const wrapped = text.replace(new RegExp(`(.{${width},}?) `, 'g'), '$1\n');
        assert.notEqual(classify({ reason, message: text }).helps, 'yes', text);
        assert.notEqual(classify({ reason, message: wrapped }).helps, 'yes', wrapped);
      },
    ),
    { numRuns: 3000 },
  );
});

test('whatever a message is, there is an answer, and a long one takes no time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      assert.ok(classify({ reason: '', message }).advice);
    }),
  );
  for (const part of [
    'a',
    '"',
    '[',
    '.',
    'a.',
    ' ',
    '\n',
    '¤',
    'https://:',
    'proxyconnect ',
    '(Mirrors also failed: ',
    'lookup ',
    'extract layer ',
  ])
    assert.ok(classify({ reason: '', message: part.repeat(200_000) }).advice);
});
