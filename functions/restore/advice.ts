import { classify } from '../../shared/causes/classify.ts';
import { onTheNode } from '../../shared/causes/on-the-node.ts';
import { type Outcome, type PullResult, withCredentials } from '../../shared/pulls/result.ts';

/** What a person can do about a mirror, the surest first. It may have the image or not: only `not there` says so. */
const doings: readonly (readonly [Outcome, (mirror: string, answer: string) => string])[] = [
  [
    'denied',
    (mirror, answer) =>
      answer.includes(withCredentials)
        ? `${mirror} does not give it: check the credentials in MIRROR_PULL_SECRET, or add another mirror to DOCKER_PROXY_URL`
        : `${mirror} does not give it: have it put on that mirror's list, give credentials (MIRROR_PULL_SECRET and MIRROR_SECRET_REPOSITORIES), or add another mirror to DOCKER_PROXY_URL`,
  ],
  ['down', (mirror) => `Check whether the node reaches ${mirror}, or add another mirror to DOCKER_PROXY_URL`],
  ['slow', (mirror) => `${mirror} is too slow: add another mirror to DOCKER_PROXY_URL`],
  ['wrong', (mirror) => `What ${mirror} answers cannot be used: check that mirror, or add another to DOCKER_PROXY_URL`],
  ['throttled', (mirror) => `${mirror} asks for fewer requests: wait, or add another mirror to DOCKER_PROXY_URL`],
  ['not there', () => 'No mirror has it: check its name and tag, or add a mirror that has it to DOCKER_PROXY_URL'],
];

/** What to do, in a sentence; undefined where nothing is known that helps. */
export function advice({ error = '', answers }: Pick<PullResult, 'error' | 'answers'>): string | undefined {
  if (answers.some(({ outcome }) => outcome === 'has it')) return ofTheNode(error);
  for (const [outcome, what] of doings) {
    const found = answers.find((one) => one.outcome === outcome);
    if (found !== undefined) return what(found.mirror, found.answer);
  }
  return undefined;
}

/** Where a mirror has it, the node's own faults remain; what the runtime says of a registry is about the pull program's. */
function ofTheNode(error: string): string | undefined {
  const { cause, advice } = classify({ reason: '', message: error });
  const isTheNodes = onTheNode.some((rule) => rule.cause === cause && rule.helps === 'no');
  return isTheNodes ? `${advice.charAt(0).toUpperCase()}${advice.slice(1)}` : undefined;
}
