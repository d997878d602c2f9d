import { VitaminError } from '@vitamin-vlm/core';
import { Argument, Command as Parser, Option } from 'commander';
import type { Command, PassThrough } from './command.ts';
import { type Flag, type FlagTable, longName, readFlag, usageOf, variableOf } from './flag-table.ts';
import { globalFlags } from './flags.ts';

/** What a command line says. */
export interface Parsed {
  readonly inputs: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly sourceOf: (flag: string) => Source;
}

type Source = 'cli' | 'env' | 'default';

/** A flag as commander has it. An environment variable sets it as well. */
export function optionOf(name: string, flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const fallback = flag.default === undefined ? '' : ` (default: ${flag.default})`;
  const option = new Option(`${short}${longName(name)}${flag.value === undefined ? '' : ` <${flag.value}>`}`, `${flag.help}${fallback}`);
  const { kind } = flag;
  if (kind !== 'switch') option.argParser((text: string, previous: unknown) => readFlag({ ...flag, kind }, text, previous));
  const variable = variableOf(name);
  const value = process.env[variable];
  if (value === undefined || value === '') return option;
  // commander would take a switch's variable as set whatever its value, "0" included.
  return flag.kind !== 'switch' || isOn(variable, value) ? option.env(variable) : option;
}

/** Adds a command to the program, below the words it belongs to if its name has several. */
export function addCommand(program: Parser, declared: Command, act: (parsed: Parsed) => Promise<void>): void {
  const words = declared.name.split(' ');
  let parent = program;
  for (const word of words.slice(0, -1)) parent = parent.commands.find((known) => known.name() === word) ?? parent.command(word);
  const parser = parent.command(words.at(-1)!).description(declared.summary);
  if (declared.inputs) parser.addArgument(new Argument(declared.inputs.usage, declared.inputs.help));
  for (const [name, flag] of Object.entries(declared.flags)) parser.addOption(optionOf(name, flag));
  const hint = `Run vitamin ${declared.name} --help for its flags.`;
  parser.showHelpAfterError(hint);
  if (declared.notes !== undefined) parser.addHelpText('after', `\n${declared.notes}`);
  parser.action(async () => {
    const { flags, sourceOf } = readFlags(parser, { ...globalFlags, ...declared.flags });
    for (const group of declared.needs ?? []) {
      const given = (name: string): boolean =>
        flags[name] !== undefined ||
        Object.entries(declared.flags).some(([other, { countsAs }]) => countsAs === name && flags[other] !== undefined);
      if (group.some(given)) continue;
      const names = group.map((name) => usageOf(name, declared.flags[name]!)).join(' or ');
      throw new VitaminError('USAGE', `Expected ${names} but received ${['none', 'neither'][group.length - 1] ?? 'none of them'}`, {
        hint,
      });
    }
    await act({ inputs: parser.args, flags, sourceOf });
  });
}

/** Adds the name of another program's command, for the list of commands. */
export function addPassThrough(program: Parser, { name, summary, usage }: PassThrough): void {
  program.command(name).description(summary).usage(usage);
}

/** The values of all flags. Of flags that exclude each other one stays: of flag and variable the flag. */
function readFlags(parser: Parser, table: FlagTable): Pick<Parsed, 'flags' | 'sourceOf'> {
  const given = parser.optsWithGlobals<Record<string, unknown>>();
  const sourceOf = (name: string): Source => {
    const source = parser.getOptionValueSourceWithGlobals(attributeOf(name));
    return source === 'cli' ? 'cli' : source === 'env' ? 'env' : 'default';
  };
  const flags: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    const value = given[attributeOf(name)];
    flags[name] = flag.kind === 'switch' ? value === !isNegative(name) : (value ?? flag.default);
  }
  for (const [name, { excludes = [] }] of Object.entries(table)) {
    for (const other of excludes) {
      const [own, others] = [sourceOf(name), sourceOf(other)];
      if (own === 'default' || others === 'default') continue;
      if (own === others) throw new VitaminError('USAGE', `Expected either ${longName(other)} or ${longName(name)} but received both`);
      const loser = own === 'env' ? name : other;
      flags[loser] = table[loser]!.kind === 'switch' ? false : undefined;
    }
  }
  return { flags, sourceOf };
}

/** commander keeps `--no-color` as `color`. */
function attributeOf(name: string): string {
  return isNegative(name) ? name[2]!.toLowerCase() + name.slice(3) : name;
}

function isNegative(name: string): boolean {
  return /^no[A-Z]/u.test(name);
}

function isOn(variable: string, value: string): boolean {
  if (/^(?:1|true|yes|on)$/iu.test(value)) return true;
  if (/^(?:0|false|no|off)$/iu.test(value)) return false;
  throw new VitaminError('USAGE', `Expected ${variable} to be 1 or 0 but received ${JSON.stringify(value)}`);
}
