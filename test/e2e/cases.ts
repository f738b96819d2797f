import { after, before, type TestContext, test } from 'node:test';
import type { ClusterOptions } from '../cluster/cluster.ts';
import { type Bed, makeBed } from './bed.ts';

/** Whatever a case starts: it ends with the case, and what it wrote is shown where the case fails. */
export interface Started {
  output(): string | Promise<string>;
  end(): Promise<unknown>;
}

/** What a case is given: the file's bed, and a keeper of what the case starts. */
export type Given<B extends Bed> = B & { ends(started: Started): void };

/** One case: it finds an empty cluster, and leaves one whatever it does. */
export type Case<B extends Bed = Bed> = (name: string, run: (bed: Given<B>, t: TestContext) => Promise<void>) => void;

/** The cases of one file share a cluster, which costs seconds to start; nothing else. */
export const casesOn = (options: ClusterOptions): Case => casesOnBed(() => makeBed(options));

/** A file whose cases left something open fails, in place of hanging; milliseconds. */
const endsWithin = 60_000;

function watch(): void {
  setTimeout(() => {
    process.stderr.write('something that a case began has not ended\n');
    process.exit(1);
  }, endsWithin).unref();
}

/** As casesOn, with a bed on which the file has set up more. */
export function casesOnBed<B extends Bed>(make: () => Promise<B>): Case<B> {
  let shared: B;
  before(async () => {
    shared = await make();
  });
  after(async () => {
    try {
      await shared?.stop();
    } finally {
      watch();
    }
  });

  return (name, run) => {
    test(name, async (t) => {
      const products: Started[] = [];
      const ends = (started: Started) => void products.push(started);
      const start: Bed['start'] = (env) => {
        const product = shared.start(env);
        ends(product);
        return product;
      };
      const failed: unknown[] = [];
      try {
        await run({ ...shared, start, ends }, t);
      } catch (error) {
        for (const product of products) process.stderr.write(await product.output());
        failed.push(error);
      }
      // The first failure is the telling one: what it left behind may well not be cleared.
      for (const product of products) await product.end();
      await shared.clear().catch((error: unknown) => failed.push(error));
      if (failed.length > 0) throw failed[0];
    });
  };
}
