/** One look: what is shown, and what of it counts as a change. */
export interface Look {
  readonly text: string;
  readonly key: string;
}

export interface WatchDeps {
  /** Throws where the cluster cannot be read. */
  readonly look: () => Promise<Look>;
  readonly show: (text: string) => void;
  readonly complain: (error: unknown) => void;
  /** Resolves when it is time for the next look, or to stop. */
  readonly pause: () => Promise<unknown>;
  readonly stop: AbortSignal;
}

/** Looks until stopped and shows what has changed. A first look that fails is thrown; a later one is only told of. */
export async function watch({ look, show, complain, pause, stop }: WatchDeps): Promise<void> {
  let shown: string | undefined;
  let complained: string | undefined;
  while (!stop.aborted) {
    try {
      const { text, key } = await look();
      if (stop.aborted) return;
      if (key !== shown || complained !== undefined) show(text);
      shown = key;
      complained = undefined;
    } catch (error) {
      if (shown === undefined) throw error;
      const message = String(error);
      if (message !== complained) complain(error);
      complained = message;
    }
    await pause();
  }
}
