import { makeBed, running } from './bed.ts';
const bed = await makeBed({ hostConfig: process.argv[2] !== 'name' });
try {
  const { reference } = await bed.image('demo');
  const product = bed.start();
  await bed.deployment('demo', { image: reference });
  try {
    const [pod] = await bed.all('demo', 1, 'running', running, 40_000);
    if (pod) for (const e of await bed.told(pod)) process.stdout.write(`${e.reason}: ${e.message}\n`);
  } finally {
    process.stdout.write(product.output());
    process.stdout.write(await bed.cluster.kubectl('get', 'pods,jobs,events', '-A', '-o', 'wide'));
    process.stdout.write(await bed.cluster.kubectl('logs', '-n', 'image-rescue-pull', '-l', 'image-rescue.dev/kind=pull', '--all-containers').catch((e) => String(e)));
    await product.end();
  }
} finally {
  await bed.stop();
}
