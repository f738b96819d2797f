import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ending, readArguments } from '../shared/config/command-line.ts';
import { makeOwnBase } from './base.ts';
import { findEngine } from './engine.ts';

const usage = `Builds the image: every function, the one process and the pull program, chosen by the command.

Usage: npm run image -- [options]

  --name NAME      the image's name (image-rescue)
  --base IMAGE     base image with Node.js 24 (docker.io/library/node:24-alpine); best by digest
  --own-base       a base image of the Node.js that "npm ci" brought along, where no registry can be reached (Linux)
  --save FILE      also write the image into a file, for "docker load" or "ctr images import"
  --push           also push it to the registry in NAME, and print NAME@sha256:…

Uses Docker or Podman where one answers, else Buildah, which it installs on Debian as root.
`;

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<void> {
  const { values } = readArguments({
    options: {
      name: { type: 'string', default: 'image-rescue' },
      base: { type: 'string' },
      'own-base': { type: 'boolean', default: false },
      save: { type: 'string' },
      push: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const { name, save } = values;
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const engine = findEngine();
  const base = values['own-base'] ? await makeOwnBase(engine) : values.base;
  const args = { VERSION: version, ...(base !== undefined && { BASE: base }) };
  engine.build({ file: `${root}/Containerfile`, context: root, name, args });
  process.stderr.write(`${engine.program} has built ${name}\n`);
  if (save !== undefined) engine.save(name, save);
  if (values.push) process.stdout.write(`${name}@${engine.push(name)}\n`);
}

main().catch((error: unknown) => {
  const { words, code } = ending(error);
  process.stderr.write(`${words}\n`);
  process.exitCode = code;
});
