import type { PullReport } from './pulls.ts';

/** How a mirror did in the pulls that are still remembered. */
export interface MirrorReport {
  readonly mirror: string;
  /** How many pulls asked it. */
  readonly asked: number;
  /** In how many of them it had the image and served it. */
  readonly served: number;
  /** Of those that asked, from 0 to 1; absent where none did. */
  readonly rate?: number;
  /** What it said when it last did not serve an image. */
  readonly lastRefusal?: { readonly image: string; readonly answer: string; readonly at: string };
}

/** `has it as sha256:…` where two mirrors have to agree; what follows a semicolon went wrong later. */
const served = /^has it( as \S+)?$/;

/** In the order in which they are asked. */
export function mirrorReports(pulls: readonly PullReport[]): MirrorReport[] {
  const mirrors = new Set(pulls.flatMap((pull) => [...pull.mirrors, ...pull.answers.map(({ mirror }) => mirror)]));
  return [...mirrors].map((mirror) => {
    const answers = pulls.flatMap(({ image, ended, created, answers }) =>
      answers.filter((one) => one.mirror === mirror).map(({ answer }) => ({ image, answer, at: ended ?? created })),
    );
    const refusals = answers.filter(({ answer }) => !served.test(answer));
    const good = answers.length - refusals.length;
    const last = refusals.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).at(-1);
    return {
      mirror,
      asked: answers.length,
      served: good,
      ...(answers.length > 0 && { rate: Math.round((good / answers.length) * 1000) / 1000 }),
      ...(last !== undefined && { lastRefusal: last }),
    };
  });
}
