// Starts every command once, so that Node writes what it compiled into the image's compile cache. Fails where one does not start.
'use strict';
const { spawn } = require('node:child_process');
const { rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');

let port = 0;
const functions = ['detect.cjs', 'submit-cache.cjs', 'restore.cjs', 'sweep.cjs', 'dead-letter.cjs'];
// An API server that nobody asks: the client is loaded, no event comes.
const kubeconfig = '/tmp/warm.kubeconfig';
writeFileSync(
  kubeconfig,
  JSON.stringify({
    clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'none', user: {} }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
    'current-context': 'none',
  }),
);
const env = {
  ...process.env,
  KUBECONFIG: kubeconfig,
  DOCKER_PROXY_URL: 'mirror.example',
  K_SINK: 'http://127.0.0.1:1/',
};

function start(args, stderr = 'inherit') {
  const child = spawn(process.execPath, args, {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'inherit', stderr],
  });
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve(code))) };
}

/** Resolves with the status of an answer, or 0 where nobody listens. */
function ask(method, path, headers = {}, body = '') {
  return new Promise((resolve) => {
    const request = http.request({ port, method, path, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    request.once('error', () => resolve(0)).end(body);
  });
}

async function warm(name) {
  const { child, ended } = start([name]);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while ((await ask('GET', '/health/ready')) !== 200) {
    if (over) throw new Error(`${name} ended before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Not for any of them, but read by all.
  const headers = { 'ce-id': '1', 'ce-type': 'warm', 'ce-source': '/warm', 'ce-specversion': '1.0' };
  await ask('POST', '/', { ...headers, 'content-type': 'application/json' }, '"ErrImagePull"');
  child.kill('SIGTERM');
  if ((await ended) !== 0) throw new Error(`${name} did not end with 0`);
}

/** A build may share its network with whatever else runs on the machine. */
function freePort() {
  return new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}

async function main() {
  port = await freePort();
  for (const name of functions) await warm(name);
  const standalone = start(['standalone.cjs'], 'pipe');
  standalone.child.stderr.once('data', () => standalone.child.kill('SIGTERM'));
  if ((await standalone.ended) !== 0) throw new Error('standalone.cjs did not end with 0');
  // They have a node or a person to work for, or say how they are used.
  for (const name of ['pull.cjs', 'image-rescue.cjs']) await start([name]).ended;
}

main()
  .finally(() => rmSync(kubeconfig))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  });
