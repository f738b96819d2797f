/** A value for the nodes that have a label, or for all. */
export interface PerNode {
  readonly label?: { readonly name: string; readonly value?: string };
  readonly value: string;
}

const labelPattern = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(=[A-Za-z0-9._-]*)?$/;

/** `value`, `label:value` or `label=text:value`; undefined where what stands before the colon is no label. */
export function splitPerNode(entry: string): PerNode | undefined {
  const colon = entry.indexOf(':');
  if (colon < 0) return { value: entry };
  const label = entry.slice(0, colon);
  if (!labelPattern.test(label)) return undefined;
  const [name = '', text] = label.split('=');
  return { label: { name, ...(text !== undefined && { value: text }) }, value: entry.slice(colon + 1) };
}

/** The first value that holds for a node with these labels, or undefined. */
export function forNode(values: readonly PerNode[], labels: Readonly<Record<string, string>>): string | undefined {
  return values.find(
    ({ label }) =>
      label === undefined || (label.value === undefined ? label.name in labels : labels[label.name] === label.value),
  )?.value;
}
