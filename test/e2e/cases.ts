import { after, before, test } from 'node:test';
import type { ClusterOptions } from '../cluster/cluster.ts';
import { type Bed, makeBed } from './bed.ts';
import type { Product } from './product.ts';

/** One case: it finds an empty cluster, and leaves one whatever it does. */
export type Case = (name: string, run: (bed: Bed) => Promise<void>) => void;

/** The cases of one file share a cluster, which costs seconds to start; nothing else. */
export function casesOn(options: ClusterOptions): Case {
  let shared: Bed;
  before(async () => {
    shared = await makeBed(options);
  });
  after(() => shared?.stop());

  return (name, run) => {
    test(name, async () => {
      const products: Product[] = [];
      const start: Bed['start'] = (env) => {
        const product = shared.start(env);
        products.push(product);
        return product;
      };
      try {
        await run({ ...shared, start });
      } catch (error) {
        for (const product of products) process.stderr.write(product.output());
        throw error;
      } finally {
        for (const product of products) await product.end();
        await shared.clear();
      }
    });
  };
}
