import { inspect } from 'node:util';
import { VitaminError } from '@vitamin-vlm/core';
import { Command as Parser, CommanderError } from 'commander';
import type { Command, PassThrough } from './command.ts';
import { completionScript } from './completion.ts';
import { commands as allCommands } from './commands.ts';
import { type Created, createContext } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { type Flag, longName } from './flag-table.ts';
import { globalFlags } from './flags.ts';
import { createProgram } from './help.ts';
import { errorRecord, Output } from './output.ts';
import { addCommand, addPassThrough } from './parser.ts';
import { Progress } from './progress.ts';
import type { Stop } from './signals.ts';
import type { Streams } from './streams.ts';
import { table } from './text.ts';

/**
 * Runs the command.
 *
 * @param args - Without the program's name.
 * @param commands - What there is to run.
 * @returns The exit status.
 */
export async function runCommandLine(
  args: readonly string[],
  streams: Streams,
  stop: Stop,
  commands: readonly (Command | PassThrough)[] = allCommands,
): Promise<number> {
  let created: Created | undefined;
  let status = 0;
  try {
    const program = createProgram(streams);
    for (const declared of commands) {
      if ('pass' in declared) addPassThrough(program, declared);
      else {
        addCommand(program, declared, async (parsed) => {
          created = createContext(parsed, streams, stop);
          status = await declared.run(await created.open(declared.writes));
        });
      }
    }
    const line = withHelp(args, program);
    if (args[0] === 'completion') {
      streams.stdout.write(completionScript(args[1], commands));
      return 0;
    }
    const passed = passedOn(line, commands);
    if (passed) {
      if (passed.args.some((arg) => arg === '-h' || arg === '--help')) streams.stdout.write(ownCommands(passed.to, commands));
      status = await passed.to.pass(passed.args, stop.signal);
    } else await program.parseAsync(line, { from: 'user' });
  } catch (error) {
    // commander has printed its own: help and version end with 0, everything else is a mistake in the command line.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      plainOutput(streams, args).outcome({ error: { code: 'USAGE', message: error.message.replace(/^error: /u, '') } });
      return exitCodes.USAGE;
    }
    status = report(error, created?.output ?? plainOutput(streams, args), stop);
  } finally {
    created?.progress.clear();
  }
  return stop.exitCode() ?? status;
}

/** Where the words stand that are neither flags nor the texts of flags that every command takes. */
function wordsIn(args: readonly string[]): number[] {
  const takers = Object.entries<Flag>(globalFlags).filter(([, { value }]) => value !== undefined);
  const taking = new Set(takers.flatMap(([name, { short }]) => [longName(name), `-${short}`]));
  const words: number[] = [];
  for (let i = 0; i < args.length; i++) {
    if (!args[i]!.startsWith('-')) words.push(i);
    else if (taking.has(args[i]!)) i++;
  }
  return words;
}

/**
 * The other program that a command line is for, and what it gets: everything but the name, also flags that stand before it. Names of two words come
 * first: `eval merge` is ours where there is such a command, `eval gt.json` is not.
 */
function passedOn(
  args: readonly string[],
  commands: readonly (Command | PassThrough)[],
): { to: PassThrough; args: readonly string[] } | undefined {
  const [first, second] = wordsIn(args);
  const to = commands.find((declared): declared is PassThrough => 'pass' in declared && declared.name === args[first!]);
  if (!to || commands.some(({ name }) => name === `${to.name} ${args[second!]}`)) return undefined;
  return { to, args: args.toSpliced(first!, 1) };
}

/** Above the other program's help: the commands of ours whose name begins with its word. */
function ownCommands({ name }: PassThrough, commands: readonly (Command | PassThrough)[]): string {
  const own = commands.filter((declared) => declared.name.startsWith(`${name} `));
  const rows = own.map((declared) => [`  vitamin ${declared.name}`, declared.summary]);
  return own.length === 0 ? '' : `Commands:\n${table(rows)}\n\n`;
}

/**
 * No arguments mean help, and `help COMMAND` is `COMMAND --help`. Done here because commander prints its general help, with status 0, when help is
 * asked for a command that does not exist.
 */
function withHelp(args: readonly string[], program: Parser): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [first = '--help', ...more] = words;
  if (args.length === 0 || (first === 'help' && more.length === 0)) return ['--help'];
  if (first === 'version' && words.length === 1) return ['--version'];
  if (first === 'help') return knows(program, more) ? [...more, '--help'] : more.slice(0, 1);
  return words.length === 1 && first === args[0] && !knows(program, [first]) ? [first] : args;
}

/** Whether there is a command, or a word that commands begin with. */
function knows(program: Parser, words: readonly string[]): boolean {
  let parser: Parser | undefined = program;
  for (const word of words) parser = parser?.commands.find((command) => command.name() === word);
  return parser !== undefined;
}

/** Prints an error and returns the exit status. */
function report(error: unknown, output: Output, stop: Stop): number {
  if (error instanceof VitaminError) {
    // What the signal asked for is no error; a reader that has gone needs no message.
    if (error.code === 'ABORTED' && stop.signal.aborted) {
      if (stop.exitCode() !== undefined) output.outcome({ stopped: true });
      return 0;
    }
    output.outcome({ error: errorRecord(error) });
    output.error(error.code, error.message, error.hint);
    output.detail(inspect(error));
    return exitCodes[error.code];
  }
  output.outcome({ error: errorRecord(error) });
  output.error(
    'INTERNAL',
    error instanceof Error ? error.message : String(error),
    'This is a mistake in vitamin. Report it with what -v shows.',
  );
  output.detail(inspect(error));
  return 1;
}

/** For errors that come before the flags are read. */
function plainOutput(streams: Streams, args: readonly string[]): Output {
  const verbose = args.includes('-v') || args.includes('--verbose');
  const [json, jsonl] = ['--json', '--jsonl'].map((flag) => args.includes(flag));
  const format = json === jsonl ? 'text' : json ? 'json' : 'jsonl';
  return new Output(streams, new Progress(streams.stderr, false), { format, quiet: false, pathsOnly: false, verbose, color: true });
}
