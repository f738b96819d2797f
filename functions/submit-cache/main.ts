import { makeCluster } from '../../shared/cluster/cluster.ts';
import { connectApi } from '../../shared/cluster/connect.ts';
import { readProgram, startFunction } from '../../shared/http/start.ts';
import { preparation, programConfigMap } from '../../shared/pulls/prepare.ts';
import { submitCache } from './handler.ts';

await startFunction('submit-cache', ({ config, log, env, now }) => {
  const cluster = makeCluster(connectApi());
  const program = readProgram(env);
  const prepare = preparation(cluster, config.pullNamespace, program, now, log);
  return submitCache({
    cluster,
    config: { ...config, program: programConfigMap(program).metadata.name },
    prepare,
    now,
    log,
  });
});
