/** How long, in words that a person takes in at once: `12 s`, `4 min`, `3 h`, `2 d`. Milliseconds. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago that was. */
export function ago(time: string | undefined, now: string): string {
  return time === undefined ? '' : span(Date.parse(now) - Date.parse(time));
}

/** The time of day here, and how far that is: `14:02:11 (in 8 min)`. */
export function when(time: string, now: string): string {
  const ahead = Date.parse(time) - Date.parse(now);
  return `${timeOfDay(time)} (${ahead < 0 ? `${span(-ahead)} ago` : `in ${span(ahead)}`})`;
}

/** Local: it is read beside a clock on the wall. */
export function timeOfDay(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}

export function megabytes({ bytes, of }: { bytes: number; of: number }): string {
  return `${(bytes / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB`;
}
