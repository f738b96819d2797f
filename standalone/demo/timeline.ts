/** What a demo times, in the order in which it happens. */
export const steps = [
  ['failed', "the kubelet's first pull failed"],
  ['stuck', 'the pod shows it'],
  ['submitted', 'the pull pod exists'],
  ['pulling', 'its containers run'],
  ['pulled', 'the image is on the node, seen in the pull pod'],
  ['woken', 'the stuck pod is touched'],
  ['running', 'its container runs'],
] as const;

export type Step = (typeof steps)[number][0];

/** When each step was first seen by a watch outside the product, in milliseconds of one clock. */
export class Timeline {
  readonly #seen = new Map<Step, number>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  saw(step: Step): void {
    if (!this.#seen.has(step)) this.#seen.set(step, this.#clock());
  }

  has(step: Step): boolean {
    return this.#seen.has(step);
  }

  /** Milliseconds since the kubelet's first failed pull; steps that were not seen are absent. */
  milliseconds(): Partial<Record<Step, number>> {
    const begin = this.#seen.get('failed') ?? this.#seen.get('stuck');
    if (begin === undefined) return {};
    return Object.fromEntries([...this.#seen].map(([step, at]) => [step, Math.round(at - begin)]));
  }

  /** A line per step, for people. */
  text(): string {
    const times = this.milliseconds();
    return steps
      .filter(([step]) => times[step] !== undefined)
      .map(([step, meaning]) => `  ${((times[step] ?? 0) / 1000).toFixed(2).padStart(7)} s  ${meaning}\n`)
      .join('');
  }
}
