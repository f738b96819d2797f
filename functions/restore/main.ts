import { startFunction } from '../../shared/http/start.ts';
import { restore } from './handler.ts';

startFunction('restore', async ({ config, log, now }) => {
  const { connectCluster } = await import('../../shared/cluster/connect.ts');
  return restore({ cluster: connectCluster(), config, now, log });
});
