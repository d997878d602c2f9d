import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { VitaminError } from '@vitamin-vlm/core';
import { Command, CommanderError } from 'commander';
import { addCommands } from './commands.ts';
import { createContext, type Context } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { addGlobalFlags } from './flags.ts';
import { Output } from './output.ts';
import { Progress } from './progress.ts';
import type { Stop } from './signals.ts';
import type { Streams } from './streams.ts';

/** Help fits a terminal of this width, and is no wider on a larger one. */
const HELP_WIDTH = 100;

const EPILOGUE = `
Every flag can be set by a variable: --cache-dir by VITAMIN_CACHE_DIR, --json by VITAMIN_JSON=1.
MODEL is a name (see vitamin list), a file, a folder, or hf:org/name[@revision][/file].

Examples:
  vitamin classify street.jpg --labels "person,bus,red umbrella"
  vitamin segment street.jpg --labels "sky,road,person" -o result
  vitamin pull vitamin-large-336
  vitamin show model.safetensors

Exit status: 0 done, 1 internal error, 2 wrong usage, 3 some inputs failed, 4 model or weights,
5 network or offline, 130 or 143 stopped.`;

/**
 * Runs the command.
 *
 * @param args - Without the program's name.
 * @returns The exit status.
 */
export async function runCommandLine(args: readonly string[], streams: Streams, stop: Stop): Promise<number> {
  let context: Context | undefined;
  let status = 0;
  try {
    const program = createProgram(streams);
    addCommands(program, async (command, work) => {
      context = createContext(command, streams, stop);
      status = await work(context);
    });
    const line = withHelp(args, program);
    // Its flags are coco-eval's own, not this program's, also those that stand before it.
    const first = line.findIndex((arg) => !arg.startsWith('-'));
    if (line[first] === 'eval') status = await (await import('./commands/eval.ts')).evaluate(line.toSpliced(first, 1), stop.signal);
    else await program.parseAsync(line, { from: 'user' });
  } catch (error) {
    // commander has printed its own: help and version end with 0, everything else is a mistake in the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.USAGE;
    status = report(error, context?.output ?? plainOutput(streams, args), stop);
  } finally {
    context?.progress.clear();
  }
  return stop.exitCode() ?? status;
}

/**
 * No arguments mean help, and `help COMMAND` is `COMMAND --help`. Done here because commander prints its general help, with status 0, when help is
 * asked for a command that does not exist.
 */
function withHelp(args: readonly string[], program: Command): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [first = '--help', second] = words;
  const known = (name: string | undefined): boolean => program.commands.some((command) => command.name() === name);
  if (args.length === 0 || (first === 'help' && second === undefined)) return ['--help'];
  if (first === 'help') return known(second) ? [second!, '--help'] : [second!];
  return words.length === 1 && first === args[0] && !known(first) ? [first] : args;
}

/** The program without its commands, which inherit the settings that are made here. */
function createProgram(streams: Streams): Command {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  const width = Math.min(streams.stdout.columns ?? HELP_WIDTH, HELP_WIDTH);
  const program = new Command('vitamin')
    .description('Open-vocabulary vision with ViTamin: ask pictures with any words.')
    .usage('COMMAND [flags]')
    .version(manifest.version, '--version', 'the version of this program')
    .helpOption('-h, --help', 'this text')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, optionDescription: (option) => option.description })
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /u, 'error USAGE: ')),
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
    })
    .exitOverride()
    .showHelpAfterError('Run vitamin --help for the list of commands and flags.')
    .addHelpText('after', EPILOGUE);
  addGlobalFlags(program);
  return program;
}

/** Prints an error and returns the exit status. */
function report(error: unknown, output: Output, stop: Stop): number {
  if (error instanceof VitaminError) {
    // What the signal asked for is no error; a reader that has gone needs no message.
    if (error.code === 'ABORTED' && stop.signal.aborted) return 0;
    output.error(error.code, error.message, error.hint);
    output.detail(inspect(error));
    return exitCodes[error.code];
  }
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
  return new Output(streams, new Progress(streams.stderr, false), {
    format: 'text',
    quiet: false,
    pathsOnly: false,
    verbose,
    color: true,
  });
}
