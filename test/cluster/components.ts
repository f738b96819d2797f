import { appendFile, readFile } from 'node:fs/promises';
import type { Namespace } from './namespace.ts';
import { environment } from './run.ts';
import type { Component, Site } from './site.ts';
import { Hopeless, waitFor } from './wait-for.ts';

/** Starts and stops the programs of a cluster by name. Unknown names throw. */
export interface Components {
  /** Starts it and resolves when it serves. Throws with the end of its log when it ends instead, or after 60 s. */
  start(name: string): Promise<void>;
  /** `signal` (SIGTERM by default), SIGKILL after 3 s; resolves when it has ended. Containers live on. */
  stop(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** All that it wrote to stdout and stderr, across restarts. */
  logs(name: string): Promise<string>;
  add(component: Component): void;
}

/** `programs` are the folders where the built programs are. */
export function componentsOf(site: Site, namespace: Namespace, programs: string[]): Components {
  const known = new Map<string, Component>();
  const find = (name: string) => {
    const component = known.get(name);
    if (component === undefined) throw new Error(`no component ${name}: there are ${[...known.keys()].join(', ')}`);
    return component;
  };
  const log = (name: string) => site.path('logs', `${name}.log`);
  const path = [...programs, environment()['PATH']].join(':');
  return {
    add: (component) => known.set(component.name, component),
    logs: (name) => readFile(log(find(name).name), 'utf8'),
    stop: async (name, signal) => namespace.stop(find(name).name, signal),
    start: async (name) => {
      const { command, args, env, prepare, ready } = find(name);
      await prepare?.();
      await appendFile(log(name), '');
      await namespace.start(name, { command, args, env: { ...env, PATH: path }, cwd: site.folder, log: log(name) });
      const serves = async () => {
        const how = namespace.ended(name);
        if (how === undefined) return (await ready?.()) ?? true;
        const words = await readFile(log(name), 'utf8');
        throw new Hopeless(`${name} ended (${how}):\n${words.split('\n').slice(-50).join('\n')}`);
      };
      await waitFor(`${name} to serve`, serves, 60_000);
    },
  };
}
