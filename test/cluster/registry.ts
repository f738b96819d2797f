import { readFile, writeFile } from 'node:fs/promises';
import type { Component, Site } from './site.ts';

/** A request that a registry answered; `url` is path and query, `time` when it had been answered (RFC 3339). */
export interface MirrorRequest {
  method: string;
  url: string;
  status: number;
  time: string;
  userAgent: string;
  /** Bytes of the answer's body. */
  bytes: number;
}

/** A real docker-registry on loopback, plain HTTP. */
export interface Registry {
  /** "127.0.0.1:PORT". */
  address: string;
  /** What it was asked so far, pushes too. */
  requests(): Promise<MirrorRequest[]>;
  stop(): Promise<void>;
}

/** What differs from a registry of its own that asks nobody who he is. */
export interface RegistryOptions {
  /** Name of the registry whose images it serves. */
  imagesOf?: string;
  /** docker-registry's `auth`. */
  auth?: object;
}

/** A docker-registry of this name on this port. */
export function registryComponent(site: Site, name: string, port: number, options: RegistryOptions = {}): Component {
  const file = site.path(`${name}.yml`);
  return {
    name,
    command: 'docker-registry',
    args: ['serve', file],
    prepare: () =>
      writeFile(
        file,
        JSON.stringify({
          version: '0.1',
          log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
          storage: {
            filesystem: { rootdirectory: site.path('registries', options.imagesOf ?? name) },
            delete: { enabled: true },
          },
          http: { addr: `127.0.0.1:${port}` },
          ...(options.auth && { auth: options.auth }),
        }),
      ),
    ready: async () => [200, 401].includes((await fetch(`http://127.0.0.1:${port}/v2/`)).status),
  };
}

/** The requests in a docker-registry's log: it writes one line with all of it when it has answered. */
export async function readRequests(log: string): Promise<MirrorRequest[]> {
  const lines = (await readFile(log, 'utf8')).split('\n').slice(0, -1);
  const answered = lines.filter((line) => line.startsWith('{') && line.includes('"http.response.status"'));
  return answered.map((line) => {
    const entry: Record<string, string | number> = JSON.parse(line);
    return {
      method: String(entry['http.request.method']),
      url: String(entry['http.request.uri']),
      status: Number(entry['http.response.status']),
      time: String(entry['time']),
      userAgent: String(entry['http.request.useragent'] ?? ''),
      bytes: Number(entry['http.response.written'] ?? 0),
    };
  });
}
