import { postTo } from '../../shared/http/post.ts';
import { startFunction } from '../../shared/http/start.ts';
import { sweep } from './handler.ts';

startFunction('sweep', async ({ config, log, env, now }) => {
  const send = postTo(env['K_SINK']);
  const { connectCluster, connectFledged } = await import('../../shared/cluster/connect.ts');
  return sweep({ cluster: connectCluster(), ...connectFledged(config), config, send, now, log });
});
