import { makeCluster } from '../../shared/cluster/cluster.ts';
import { connectApi } from '../../shared/cluster/connect.ts';
import { postTo } from '../../shared/http/post.ts';
import { startFunction } from '../../shared/http/start.ts';
import { sweep } from './handler.ts';

await startFunction('sweep', ({ config, log, env, now }) =>
  sweep({ cluster: makeCluster(connectApi()), config, send: postTo(env['K_SINK']), now, log }),
);
