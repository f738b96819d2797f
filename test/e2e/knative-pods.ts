import * as z from 'zod';
import { render } from '../knative/render.ts';
import { type Deployment, deploy } from './deployed.ts';
import { functionNames, type KnativeBed, type KnativeGround, namespace } from './knative-bed.ts';
import { pushImage } from './own-image.ts';

const serviceSchema = z.object({
  kind: z.literal('Service'),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    template: z.object({ spec: z.looseObject({ containers: z.array(z.looseObject({})).length(1) }) }),
  }),
});
type Service = z.infer<typeof serviceSchema>;

/** The functions are pods of the built image, as the Services of the manifests have them. */
export async function withPods(ground: KnativeGround): Promise<KnativeBed> {
  const { cluster, knative, settings } = ground;
  const image = await pushImage(cluster.mirror.address);
  const services = new Map(
    render('knative', image)
      .filter(({ kind }) => kind === 'Service')
      .map((one) => serviceSchema.parse(one))
      .map((service) => [service.metadata.name, service]),
  );
  return {
    ...ground,
    functions: async ({ only = functionNames, replicas = 1, env = {} } = {}) => {
      const configMap = `/api/v1/namespaces/${namespace}/configmaps/image-rescue`;
      await cluster.kube.patch(configMap, { data: { ...settings, ...env } });
      const deployments = only.map((name) => {
        const service = services.get(name);
        if (service === undefined) throw new Error(`no Service ${name} in the manifests`);
        return deploymentOf(service, replicas, name === 'sweep' ? { K_SINK: knative.sink } : {});
      });
      const { of, output, end } = await deploy(cluster, deployments);
      return ground.behindNames(only, {
        addresses: (name) => of(name).map(({ status }) => `${status.podIP}:${port}`),
        output,
        end,
      });
    },
  };
}

const port = 8080;

/**
 * What Serving makes of a Service, with `bound` from a SinkBinding: its pod template as it stands, the name of the container,
 * PORT and K_SERVICE, no links to other services. Serving's own proxy beside the container is not here.
 */
function deploymentOf({ metadata, spec }: Service, replicas: number, bound: Record<string, string>): Deployment {
  const { name, namespace } = metadata;
  const labels = { 'serving.knative.dev/service': name };
  const env = Object.entries({ PORT: `${port}`, K_SERVICE: name, ...bound }).map(([name, value]) => ({ name, value }));
  const pod = {
    enableServiceLinks: false,
    ...spec.template.spec,
    containers: spec.template.spec.containers.map((container) => ({ name: 'user-container', ...container, env })),
  };
  return {
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  };
}
