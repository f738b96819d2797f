import type { MirrorAnswer, Outcome } from '../../shared/pulls/result.ts';

/** What a person can do about a mirror, the surest first. It may have the image or not: only `not there` says so. */
const doings: readonly (readonly [Outcome, (mirror: string) => string])[] = [
  [
    'denied',
    (mirror) =>
      `${mirror} does not give it: have it put on that mirror's list, give it credentials (MIRROR_PULL_SECRET), or add another mirror to DOCKER_PROXY_URL`,
  ],
  ['down', (mirror) => `Check whether the node reaches ${mirror}, or add another mirror to DOCKER_PROXY_URL`],
  ['slow', (mirror) => `${mirror} is too slow: add another mirror to DOCKER_PROXY_URL`],
  ['wrong', (mirror) => `${mirror} serves what it must not: take it out of DOCKER_PROXY_URL`],
  ['throttled', (mirror) => `${mirror} asks for fewer requests: wait, or add another mirror to DOCKER_PROXY_URL`],
  ['not there', () => 'No mirror has it: check its name and tag, or add a mirror that has it to DOCKER_PROXY_URL'],
];

/** What to do where no mirror served an image, in a sentence; undefined where one has it, so that something else failed. */
export function advice(answers: readonly MirrorAnswer[]): string | undefined {
  if (answers.some(({ outcome }) => outcome === 'has it')) return undefined;
  for (const [outcome, what] of doings) {
    const found = answers.find((one) => one.outcome === outcome);
    if (found !== undefined) return what(found.mirror);
  }
  return undefined;
}
