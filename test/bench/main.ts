import { KubeConfig } from '@kubernetes/client-node';
import { makeApi } from '../../shared/cluster/api.ts';
import { ending, readArguments, UsageError } from '../../shared/config/command-line.ts';
import { observe } from '../../standalone/demo/observe.ts';
import { type Step, steps, Timeline } from '../../standalone/demo/timeline.ts';
import { type Bed, makeBed, pullNamespace } from '../e2e/bed.ts';

const usage = `Times rescues on a real node, and an ordinary start of a pod as the baseline of the same run.

Usage: npm run bench -- [--runs N]   (default 5; the median is shown)
`;
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const options = { runs: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = readArguments({ options });
  if (values.help) return void process.stdout.write(usage);
  if (!/^[1-9]\d{0,3}$/.test(values.runs))
    throw new UsageError(`--runs is ${values.runs}: expected a number of runs. Example: --runs 5`);
  for (const way of ['route', 'name'] as const) await measure(way, Number(values.runs));
}

async function measure(way: 'route' | 'name', runs: number): Promise<void> {
  const bed = await makeBed({ hostConfig: way === 'route' });
  try {
    const product = bed.start();
    await rescue(bed, 'warm-up'); // the Node image comes to the node
    const since = new Date().toISOString();
    const rescues: Partial<Record<Step, number>>[] = [];
    const baselines: number[] = [];
    for (let index = 0; index < runs; index += 1) {
      rescues.push(await rescue(bed, `rescued-${index}`));
      baselines.push(await ordinaryStart(bed, `ordinary-${index}`));
    }
    const asked = (await bed.asked(since)).length;
    await product.end();
    const baseline = median(baselines);
    say(`\nby ${way}, median of ${runs}, from the kubelet's first failed pull:`);
    for (const [step, meaning] of steps) {
      const times = rescues.flatMap((one) => one[step] ?? []);
      if (times.length > 0) say(`  ${(median(times) / 1000).toFixed(2).padStart(6)} s  ${meaning}`);
    }
    const whole = median(rescues.flatMap(({ running }) => running ?? []));
    say(
      `  an ordinary start (pull included), creation to running: ${(baseline / 1000).toFixed(2)} s; ratio ${(whole / baseline).toFixed(2)}`,
    );
    say(`  requests to the API server per rescue: ${(asked / runs).toFixed(1)}`);
  } finally {
    await bed.stop();
  }
}

async function rescue(bed: Bed, name: string): Promise<Partial<Record<Step, number>>> {
  const { reference } = await bed.image(name, 'bench.invalid/x');
  return (await observed(bed, name, reference)).milliseconds();
}

/** Milliseconds from a pod's creation to its container's start, image pulled from a registry that can be reached. */
async function ordinaryStart(bed: Bed, name: string): Promise<number> {
  const { reference } = await bed.image(name, 'bench.invalid/x');
  const begun = performance.now();
  await observed(bed, name, `${bed.cluster.mirror.address}/${reference}`);
  return performance.now() - begun;
}

async function observed(bed: Bed, name: string, image: string): Promise<Timeline> {
  const config = new KubeConfig();
  config.loadFromFile(bed.cluster.kubeconfig);
  const timeline = new Timeline(() => performance.now());
  const limit = AbortSignal.timeout(120_000);
  const watching = observe(makeApi(config), { namespace: 'default', name }, pullNamespace, timeline, limit);
  await new Promise((resolve) => setTimeout(resolve, 200)); // the watches begin
  await bed.pod(name, { image });
  await watching;
  if (!timeline.has('running')) throw new Error(`${name} did not run`);
  return timeline;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

main().catch((error: unknown) => {
  const { words, code } = ending(error);
  if (code === 1) throw error;
  process.stderr.write(`${words}\n`);
  process.exitCode = code;
});
