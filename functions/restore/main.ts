import { makeCluster } from '../../shared/cluster/cluster.ts';
import { connectApi } from '../../shared/cluster/connect.ts';
import { startFunction } from '../../shared/http/start.ts';
import { restore } from './handler.ts';

await startFunction('restore', ({ config, log, now }) =>
  restore({ cluster: makeCluster(connectApi()), config, now, log }),
);
