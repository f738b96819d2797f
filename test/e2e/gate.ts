import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

/** A way to the API server on which a test sees each step of a program, and can keep its outcome from the program. */
export interface Gate {
  /** `http://127.0.0.1:PORT`; tokens are passed on as they are. */
  url: string;
  /** The API server has done what was asked and the program does not know yet. "lose": it never will. */
  onAnswer?: ((what: string) => 'pass' | 'lose') | undefined;
  close(): void;
}

/** Opens a gate to the API server of a kubeconfig. It holds whole answers, so a watch does not go through. */
export async function openGate(kubeconfig: string): Promise<Gate> {
  const config = parse(await readFile(kubeconfig, 'utf8'));
  const { server: target, 'certificate-authority-data': authority } = config.clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(authority, 'base64') });
  const server = createServer(async (incoming, outgoing) => {
    try {
      const { method, url = '/', headers } = incoming;
      const asked = request(new URL(url, target), { method, headers, agent });
      asked.end(Buffer.concat(await incoming.toArray()));
      const [answer] = await once(asked, 'response');
      const body = Buffer.concat(await answer.toArray());
      const what = `${method} ${url.split('?')[0]}`;
      if (gate.onAnswer?.(what) === 'lose') outgoing.destroy();
      else outgoing.writeHead(answer.statusCode, answer.headers).end(body);
    } catch {
      outgoing.destroy();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gate has no port');
  const gate: Gate = {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
  return gate;
}
