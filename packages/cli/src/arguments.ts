import { type FlagTable, longName } from './flag-table.ts';

/**
 * The arguments that give a command these values, whether a person has typed them or a variable said so. Defaults are left out.
 *
 * @param values - As a context has them.
 */
export function toArguments(
  flags: FlagTable,
  values: Readonly<Record<string, unknown>>,
  sourceOf: (flag: string) => 'cli' | 'env' | 'default',
): string[] {
  return Object.entries(flags).flatMap(([name, { kind }]) => {
    const value = values[name];
    if (value === undefined || sourceOf(name) === 'default') return [];
    if (kind === 'switch') return value === true ? [longName(name)] : [];
    if (kind === 'repeated') return (value as readonly string[]).flatMap((one) => [longName(name), one]);
    return [longName(name), Array.isArray(value) ? value.join(',') : `${value as string | number}`];
  });
}
