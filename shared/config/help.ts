import { variables } from './variables.ts';

/** The variables, for `--help`. */
export function helpText(): string {
  return variables
    .map(
      ({ name, meaning, default: usual, example }) =>
        `  ${name}\n      ${meaning.replaceAll('`', '')}\n      ${usual === undefined ? `Example: ${example}` : `Default: ${usual}`}\n`,
    )
    .join('');
}
