import { InvalidArgumentError } from 'commander';

/** What the text of a flag is read as, and the type that its value then has. */
interface Kinds {
  text: string;
  /** A whole number of at least `least`. */
  whole: number;
  /** A number from 0 to 1. */
  fraction: number;
  number: number;
  /** One of `choices`. */
  choice: string;
  /** Words between commas. */
  list: readonly string[];
  /** The texts of a flag that may be given several times. */
  repeated: readonly string[];
}

/** How each kind is read. @throws InvalidArgumentError for a text that is not of the kind; the program ends with `USAGE`. */
const kinds: { readonly [K in keyof Kinds]: (text: string, flag: Flag, previous: unknown) => Kinds[K] } = {
  text: (text) => text,
  whole: (text, { least = 0 }) => {
    const value = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of ${least} or more.`);
  },
  fraction: (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= 0 && value <= 1) return value;
    throw new InvalidArgumentError('Expected a number from 0 to 1.');
  },
  number: (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) return value;
    throw new InvalidArgumentError('Expected a number.');
  },
  choice: (text, { choices = [] }) => {
    if (choices.includes(text)) return text;
    throw new InvalidArgumentError(`Expected ${choices.join(', ')}.`);
  },
  list: (text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  repeated: (text, _, previous) => [...((previous as string[] | undefined) ?? []), text],
};

/** One flag is one row of a table: `labelsFile: { kind: 'text', value: 'file', help: 'a label a line' }` is `--labels-file <file>`. */
export interface Flag {
  /** A `switch` takes no text. */
  readonly kind: keyof Kinds | 'switch';
  readonly help: string;
  /** What stands for the text in help. Absent for a switch. */
  readonly value?: string;
  /** One letter: `m` for `-m`. */
  readonly short?: string;
  readonly default?: string | number;
  /** For `whole`. */
  readonly least?: number;
  /** For `choice`. */
  readonly choices?: readonly string[];
  /** The name of a flag that is not missed where this one stands. */
  readonly countsAs?: string;
  /** Names of flags of which at most one may stand, this one among them. What is typed wins over what a variable says. */
  readonly excludes?: readonly string[];
}

/** Flags by the name of their value in code. `noColor` is `--no-color`. */
export type FlagTable = Readonly<Record<string, Flag>>;

type Read<F extends Flag> = F extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
  ? C
  : F['kind'] extends keyof Kinds
    ? Kinds[F['kind']]
    : boolean;

/** The type of a flag's value: a switch is on or off, any other flag without a default can be absent. */
type Value<F extends Flag> = F extends { readonly kind: 'switch' } | { readonly default: string | number } ? Read<F> : Read<F> | undefined;

/** What a table of flags gives when it is read: the types follow from the rows. */
export type Values<T extends FlagTable> = { readonly [K in keyof T]: Value<T[K]> };

/** Reads the text of a flag. `previous` is the value so far, for flags that collect. @throws InvalidArgumentError for a text that is not of its kind. */
export function readFlag(flag: Flag & { readonly kind: keyof Kinds }, text: string, previous: unknown): unknown {
  return kinds[flag.kind](text, flag, previous);
}

/** `labelsFile` -> `--labels-file`. */
export function longName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** How a flag is named in a message: `--labels a,b,c`, `--labels-file FILE`. */
export function usageOf(name: string, { value }: Flag): string {
  if (value === undefined) return longName(name);
  return `${longName(name)} ${/^[a-z]+$/u.test(value) ? value.toUpperCase() : value}`;
}

/** The environment variable that sets a flag: `cacheDir` -> `VITAMIN_CACHE_DIR`. */
export function variableOf(name: string): string {
  return `VITAMIN_${longName(name).slice(2).replaceAll('-', '_').toUpperCase()}`;
}
