import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeIdentity } from '../../functions/pull/registry/certificate.ts';

/** A registry on loopback that fails in every way that a registry can fail in. */
export interface Misbehaving {
  /** Where the registry that fails for this cause is, with a path: "http://127.0.0.1:PORT/v2/CAUSE". */
  url(cause: Failing | 'untrusted-certificate' | 'connection-refused'): string;
  close(): void;
}

type Answer = (asked: http.IncomingMessage, answer: http.ServerResponse) => void;
export type Failing = keyof typeof ways;

const manifest = (type: string, body: object) => (_: unknown, answer: http.ServerResponse) => {
  answer.writeHead(200, { 'content-type': type }).end(JSON.stringify(body));
};
const platform = { architecture: 's390x', os: 'linux' };
const digest = `sha256:${'0'.repeat(64)}`;
const type = 'application/vnd.oci.image.manifest.v1+json';

const ways = {
  'rate-limited': (_, answer) => void answer.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}'),
  'server-error': (_, answer) => void answer.writeHead(503).end(),
  'connection-closed': ({ socket }) => void socket.end(),
  'connection-reset': ({ socket }) => void socket.resetAndDestroy(),
  forbidden: (_, answer) => void answer.writeHead(403).end('<html>Forbidden</html>'),
  'not-found': (_, answer) => void answer.writeHead(404).end(),
  unauthorized: (_, answer) => void answer.writeHead(401).end(),
  'access-denied': ({ url = '', headers }, answer) => {
    if (url.includes('/token?')) return void answer.end('{"token":"anonymous"}');
    const realm = `Bearer realm="http://${headers.host}/v2/access-denied/token",service="x"`;
    const refused = headers.authorization === undefined ? '' : ',error="insufficient_scope"';
    answer.writeHead(401, { 'www-authenticate': `${realm}${refused}` }).end();
  },
  platform: manifest('application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    manifests: [{ mediaType: type, digest, size: 7, platform }],
  }),
  'schema-1': manifest('application/vnd.docker.distribution.manifest.v1+prettyjws', { schemaVersion: 1 }),
} satisfies Record<string, Answer>;

export async function misbehavingRegistry(): Promise<Misbehaving> {
  const answerAs: Answer = (asked, answer) => {
    const way = Object.entries(ways).find(([cause]) => asked.url?.startsWith(`/v2/${cause}/`));
    if (way === undefined) answer.writeHead(500).end();
    else way[1](asked, answer);
  };
  const { key, certificate } = makeIdentity(new Date());
  const plain = http.createServer(answerAs);
  const secure = https.createServer({ key: key.export({ type: 'pkcs8', format: 'pem' }), cert: certificate }, answerAs);
  const closed = http.createServer();
  for (const server of [plain, secure, closed]) await once(server.listen(0, '127.0.0.1'), 'listening');
  const [plainPort, securePort, closedPort] = [plain, secure, closed].map(
    (server) => (server.address() as AddressInfo).port,
  );
  closed.close();
  return {
    url: (cause) => {
      if (cause === 'untrusted-certificate') return `https://127.0.0.1:${securePort}/v2`;
      return `http://127.0.0.1:${cause === 'connection-refused' ? closedPort : plainPort}/v2/${cause}`;
    },
    close: () => {
      for (const server of [plain, secure]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}
