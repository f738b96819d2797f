/** The strings of a JSON object in an annotation, by key; whatever else stands there counts as nothing. */
export function stringsOf(annotation: string | undefined): ReadonlyMap<string, string> {
  try {
    const parsed: unknown = JSON.parse(annotation ?? '{}');
    if (typeof parsed !== 'object' || parsed === null) return new Map();
    return new Map(Object.entries(parsed).filter(([, value]) => typeof value === 'string'));
  } catch {
    return new Map();
  }
}
