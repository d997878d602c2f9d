import { parseArgs } from 'node:util';
import { CocoEvalError, describe } from '../errors.ts';
import { STDIN } from '../node/read-file.ts';
import { type CommandName, type FlagName, flags, type FlagValues } from './flags.data.ts';
import { nearest } from './suggest.ts';

/** The command line, checked. */
export interface CommandLine {
  readonly action: CommandName | 'help' | 'version';
  /** Everything that is no flag, without the command's word. */
  readonly files: readonly string[];
  readonly groundTruth: string;
  /** The first results file. */
  readonly results: string;
  readonly values: FlagValues;
}

/** The files that a command takes. */
const takes: Readonly<Record<CommandName | 'semantic', { least: number; most: number; what: string; example: string }>> = {
  evaluate: { least: 2, most: 2, what: 'two files, GT.json and DT.json,', example: 'coco-eval instances_val2017.json results.json' },
  compare: {
    least: 3,
    most: 64,
    what: 'three files or more, GT.json and two or more of results,',
    example: 'coco-eval compare instances_val2017.json baseline.json better.json',
  },
  check: { least: 1, most: 2, what: 'one or two files, GT.json and perhaps DT.json,', example: 'coco-eval check instances_val2017.json' },
  semantic: {
    least: 0,
    most: 0,
    what: 'no files: --gt-folder and --dt-folder name the maps,',
    example: 'coco-eval --semantic --gt-folder truth --dt-folder found/semantic --gt-classes classes.json',
  },
  merge: { least: 1, most: 65_536, what: 'the files that --shard has made', example: 'coco-eval merge part-1 part-2 part-3' },
};

function usage(message: string, hint = 'Run coco-eval --help for the list of flags.'): CocoEvalError {
  return new CocoEvalError('USAGE', message, { hint });
}

interface FlagToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkFlag({ name, rawName, value, inlineValue }: FlagToken): string | true {
  if (!Object.hasOwn(flags, name)) {
    const near = nearest(name, Object.keys(flags));
    throw usage(`Expected a known flag but received ${rawName}${near === undefined ? '' : `; did you mean --${near}?`}`);
  }
  const { type } = flags[name as FlagName];
  if (type === 'boolean' && value !== undefined) throw usage(`Expected no value for ${rawName} but received ${describe(value)}`);
  // A flag in the place of a value: the value was forgotten.
  const forgotten = value === undefined || value === '' || (!inlineValue && value.startsWith('--'));
  if (type === 'string' && forgotten) throw usage(`Expected a value for ${rawName} but received none`);
  return value ?? true;
}

/**
 * Reads the arguments.
 *
 * @throws CocoEvalError `USAGE` for an unknown flag (with the nearest one), one that the command does not take, a missing value, or a wrong number of files
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const values: Record<string, string | boolean> = {};
  const words: string[] = [];
  // Not strict: its errors lack the nearest flag.
  const { tokens } = parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    else if (token.kind === 'option') values[token.name] = checkFlag(token);
  }
  const [first] = words;
  const named = first === 'compare' || first === 'check' || first === 'merge';
  const command: CommandName = named ? first : 'evaluate';
  const files = named ? words.slice(1) : words;
  const action = values['help'] === true || args.length === 0 ? 'help' : values['version'] === true ? 'version' : command;
  if (action === command) checkFor(command, files, Object.keys(values) as FlagName[]);
  const [groundTruth = '', results = ''] = command === 'merge' ? [undefined, files[0]] : files;
  return { action, files, groundTruth, results, values };
}

/** Whether the command takes these files and flags. */
function checkFor(command: CommandName, files: readonly string[], given: readonly FlagName[]): void {
  const { least, most, what, example } = takes[command === 'evaluate' && given.includes('semantic') ? 'semantic' : command];
  if (files.length < least || files.length > most) {
    throw usage(`Expected ${what} but received ${files.length}`, `Example: ${example}`);
  }
  if (files.filter((file) => file === STDIN).length > 1)
    throw usage('Expected standard input once but received - twice', 'Give one of the two as a file.');
  const foreign = given.find((name) => !(flags[name].of ?? ['evaluate']).includes(command));
  if (foreign === undefined) return;
  const owners = (flags[foreign].of ?? ['evaluate']).map((name) =>
    name === 'evaluate' ? 'coco-eval GT.json DT.json' : `coco-eval ${name}`,
  );
  throw usage(`Expected flags of ${command} but received --${foreign}`, `It belongs to ${owners.join(' and ')}.`);
}

/** One of a few words, or undefined when the flag is absent. */
export function choice<T extends string>(flag: string, value: string | undefined, words: readonly T[]): T | undefined {
  if (value === undefined || (words as readonly string[]).includes(value)) return value as T | undefined;
  const near = nearest(value, words);
  throw usage(
    `Expected --${flag} ${words.join(', ')} but received ${describe(value)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

/** Comma or white space separated words. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** Comma or white space separated numbers. */
export function numbers(flag: string, text: string): number[] {
  const parts = wordsOf(text);
  const list = parts.map(Number);
  const wrong = list.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw usage(`Expected numbers for --${flag} but received ${describe(parts[wrong])}`);
  if (list.length === 0) throw usage(`Expected numbers for --${flag} but received none`);
  return list;
}

const squaredSide = 1e5 ** 2;

/** `name=low:high,...`; an end left out is 0 or 1e10. The range of all sizes comes first unless it is given: the headline needs it. */
export function areas(text: string): { areaRng: [number, number][]; areaRngLbl: string[] } {
  const areaRng: [number, number][] = [];
  const areaRngLbl: string[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*([^=:]+)=([\d.e+]*):([\d.e+]*)\s*$/.exec(part);
    const low = Number(match?.[2] === '' ? 0 : match?.[2]);
    const high = Number(match?.[3] === '' ? squaredSide : match?.[3]);
    if (!match || !(low <= high))
      throw usage(`Expected --area NAME=LOW:HIGH but received ${describe(part)}`, 'Example: --area tiny=0:256,small=256:1024');
    const label = match[1]!.trim();
    if (areaRngLbl.includes(label)) throw usage(`Expected each --area name once but received ${describe(label)} twice`);
    areaRngLbl.push(label);
    areaRng.push([low, high]);
  }
  if (!areaRngLbl.includes('all')) {
    areaRng.unshift([0, squaredSide]);
    areaRngLbl.unshift('all');
  }
  return { areaRng, areaRngLbl };
}
