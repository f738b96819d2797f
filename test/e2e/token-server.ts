import { randomUUID, sign, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeIdentity } from '../../functions/pull/registry/certificate.ts';
import { type Front, front } from './mirrors.ts';

/** A token server for anonymous pulls, and the `auth` of a docker-registry that believes it. */
export async function tokenServer(folder: string): Promise<Front & { auth: object }> {
  const { key, certificate } = makeIdentity(new Date());
  const [issuer, service] = ['tests', 'registry of the tests'];
  const server = await front('', (asked, answer) => {
    const query = new URL(asked.url ?? '', 'http://localhost').searchParams;
    const [type, name, actions = ''] = query.get('scope')?.split(':') ?? [];
    const access =
      type === undefined ? [] : [{ type, name, actions: actions.split(',').filter((one) => one === 'pull') }];
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      aud: query.get('service'),
      sub: '',
      iat: now,
      nbf: now - 10,
      exp: now + 300,
      jti: randomUUID(),
    };
    const header = { typ: 'JWT', alg: 'ES256', x5c: [new X509Certificate(certificate).raw.toString('base64')] };
    const parts = [header, { ...claims, access }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const signature = sign('sha256', Buffer.from(parts.join('.')), { key, dsaEncoding: 'ieee-p1363' });
    answer.end(JSON.stringify({ token: [...parts, signature.toString('base64url')].join('.') }));
  });
  const rootcertbundle = path.join(folder, 'token-server.pem');
  await writeFile(rootcertbundle, certificate);
  return { ...server, auth: { token: { realm: `http://${server.address}/token`, service, issuer, rootcertbundle } } };
}
