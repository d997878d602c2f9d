import { VitaminError } from '@vitamin-vlm/core';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly output?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: boolean;
  readonly color: boolean;
  readonly threads?: number;
  readonly device?: string;
  readonly offline?: boolean;
  readonly cacheDir?: string;
  readonly force?: boolean;
}

/** A flag that an environment variable can set as well: `--cache-dir` is VITAMIN_CACHE_DIR, `--no-color` VITAMIN_NO_COLOR. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const variable = variableOf(option);
  const value = process.env[variable];
  if (value === undefined || value === '') return option;
  // commander would take a switch's variable as set whatever its value, "0" included.
  return option.required || option.optional || isOn(variable, value) ? option.env(variable) : option;
}

/** The environment variable of a flag. */
export function variableOf({ long }: Pick<Option, 'long'>): string {
  return `VITAMIN_${long!.slice(2).replaceAll('-', '_').toUpperCase()}`;
}

function isOn(variable: string, value: string): boolean {
  if (/^(?:1|true|yes|on)$/iu.test(value)) return true;
  if (/^(?:0|false|no|off)$/iu.test(value)) return false;
  throw new VitaminError('USAGE', `Expected ${variable} to be 1 or 0 but received ${JSON.stringify(value)}`);
}

/** A whole number of at least `least`, for `argParser`. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of ${least} or more.`);
  };
}

/** A number from 0 to 1, for `argParser`. */
export function fraction(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

/** Words between commas, for `argParser`. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Collects a flag that may be given several times, for `argParser`. */
export function repeated(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Adds the flags that every command takes; they may stand before or after the command's name. */
export function addGlobalFlags(program: Command): void {
  const flags = [
    flag('-o, --output <path>', 'where to write: nothing is written without it'),
    flag('--json', 'one JSON document on stdout'),
    flag('--jsonl', 'one JSON object a line, as each is done'),
    flag('-q, --quiet', 'no progress, no remarks; of written files only the paths'),
    flag('-v, --verbose', 'timings, and the stack of an error'),
    flag('--no-progress', 'no progress'),
    flag('--no-color', 'no colors'),
    flag('--threads <n>', 'threads to compute with (default: the cores that are granted)').argParser(whole(1)),
    flag('--device <name>', 'engine to compute on: cpu, webgpu, cuda (default: cpu)'),
    flag('--offline', 'no request to any network'),
    flag('--cache-dir <dir>', 'folder of all caches (default: the usual ones, see doctor)'),
    flag('--force', 'overwrite files, download again'),
  ];
  for (const option of flags) program.addOption(option);
}

/** The one of two flags that stands: of flag and variable the flag. Both on the command line are a mistake. */
export function eitherOf(command: Command, first: string, second: string): string | undefined {
  const source = (name: string): string | undefined => command.getOptionValueSourceWithGlobals(name);
  const given = [first, second].filter((name) => source(name) === 'cli' || source(name) === 'env');
  const typed = given.filter((name) => source(name) === 'cli');
  if (typed.length === 1) return typed[0];
  if (given.length === 2) throw new VitaminError('USAGE', `Expected either ${longName(first)} or ${longName(second)} but received both`);
  return given[0];
}

/** `labelsFile` -> `--labels-file`. */
function longName(attribute: string): string {
  return `--${attribute.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
}
