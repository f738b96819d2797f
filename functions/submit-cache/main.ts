import { readProgram } from '../../shared/http/program.ts';
import { startFunction } from '../../shared/http/start.ts';
import { preparation, programConfigMap } from '../../shared/pulls/prepare.ts';
import { submitCache } from './handler.ts';

startFunction('submit-cache', async ({ config, log, env, now }) => {
  const program = readProgram(env);
  const { connectCluster, connectFledged } = await import('../../shared/cluster/connect.ts');
  const cluster = connectCluster();
  const prepare = preparation(cluster, config.pullNamespace, program, now, log);
  return submitCache({
    cluster,
    ...connectFledged(config),
    config: { ...config, program: programConfigMap(program).metadata.name },
    prepare,
    now,
    log,
  });
});
