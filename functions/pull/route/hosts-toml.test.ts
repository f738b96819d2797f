import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { addEntry, folderIsOurs, RouteRefused, registryApi, removeEntry, routeEntries } from './hosts-toml.ts';

const nothing = { default: '', folder: false };
const files = {
  'server only': 'server = "https://registry-1.docker.io"\n',
  'no newline at the end': 'server = "https://registry-1.docker.io"',
  'hosts and a header table': `# corp
server = "https://r.example"
ca = "/etc/ssl/corp.pem"

[host."https://mirror.corp:8443/v2/x"]
  capabilities = ["pull"]
  override_path = true
  [host."https://mirror.corp:8443/v2/x".header]
    x-a = "1"
`,
  'a header table of the server': 'server = "https://r.example"\n[header]\n  x-a = ["1"]\n',
  'windows newlines': 'server = "https://r.example"\r\n[host."https://a.example"]\r\n  capabilities = ["pull"]\r\n',
  comments: '# nothing\n',
};

for (const [name, text] of Object.entries(files)) {
  test(`${name}: ours is the first host, all else stays, and taking it out gives the same bytes`, () => {
    const after = addEntry(text, { id: 'a1', port: 5443 }, nothing);
    const parsed = parse(after) as { host: Record<string, unknown> };
    assert.equal(Object.keys(parsed.host)[0], 'https://127.0.0.1:5443');
    const { host: _, ...rest } = parsed;
    const { host: __, ...before } = parse(text);
    assert.deepEqual(rest, before);
    assert.equal(removeEntry(after, 'a1'), text);
  });
}

test('several rescues come and go in any order and leave the file as it was', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(files), undefined),
      fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
      fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 4 }),
      (original, arriving, leaving) => {
        let text = original;
        for (const id of arriving) text = addEntry(text, { id, port: 1000 + id.charCodeAt(0) }, nothing);
        assert.deepEqual(
          routeEntries(text ?? '')
            .map(({ id }) => id)
            .sort(),
          [...arriving].sort(),
        );
        for (const id of leaving) text = text === undefined ? undefined : removeEntry(text, id);
        assert.equal(text, original);
      },
    ),
  );
});

test('a file that was not there says whether its folder was', () => {
  const fresh = addEntry(undefined, { id: 'a', port: 1 }, nothing);
  assert.equal(folderIsOurs(fresh), true);
  assert.equal(folderIsOurs(addEntry(undefined, { id: 'a', port: 1 }, { default: '', folder: true })), false);
  assert.equal(removeEntry(fresh, 'a'), undefined);
});

test('a registry without a folder keeps what _default says', () => {
  const fallback = 'server = "https://all.corp"\n[host."https://m.corp"]\n  capabilities = ["pull"]\n';
  const fresh = addEntry(undefined, { id: 'a', port: 1 }, { default: fallback, folder: false });
  assert.equal((parse(fresh) as { server: string }).server, 'https://all.corp');
  assert.equal(registryApi(fresh, 'quay.io'), 'https://all.corp/v2');
});

test('a file that leaves no place is refused and not guessed at', () => {
  const array = 'client = [\n["/a.crt", "/a.key"],\n]\nserver = "https://r.example"\n';
  assert.throws(() => addEntry(array, { id: 'a', port: 1 }, nothing), RouteRefused);
  assert.throws(() => addEntry('server = ', { id: 'a', port: 1 }, nothing), RouteRefused);
  assert.throws(
    () => addEntry(undefined, { id: 'a', port: 1 }, { default: 'ca = "corp.pem"\n', folder: false }),
    RouteRefused,
  );
});

for (const [text, registry, expected] of [
  [undefined, 'docker.io', 'https://registry-1.docker.io/v2'],
  [undefined, 'quay.io:8443', 'https://quay.io:8443/v2'],
  ['server = "r.example"', 'quay.io', 'https://r.example/v2'],
  ['server = "https://r.example/v2/"', 'quay.io', 'https://r.example/v2'],
  ['server = "https://r.example/x"', 'quay.io', 'https://r.example/x/v2'],
  ['server = "https://r.example/x"\noverride_path = true', 'quay.io', 'https://r.example/x'],
] as const) {
  test(`the API of ${registry} under ${JSON.stringify(text)} is ${expected}`, () =>
    assert.equal(registryApi(text, registry), expected));
}
