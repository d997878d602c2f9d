import { readFileSync } from 'node:fs';
import { Command as Parser } from 'commander';
import { globalFlags } from './flags.ts';
import { optionOf } from './parser.ts';
import type { Streams } from './streams.ts';

/** Help fits a terminal of this width, and is no wider on a larger one. */
const HELP_WIDTH = 100;

const EPILOGUE = `
Every flag can be set by a variable: --cache-dir by VITAMIN_CACHE_DIR, --json by VITAMIN_JSON=1.
MODEL is a name (see vitamin list), a file, a folder, or hf:org/name[@revision][/file].
vitamin completion bash, zsh or fish prints a script that completes all this.

Examples:
  vitamin classify street.jpg --labels "person,bus,red umbrella"
  vitamin segment street.jpg --labels "sky,road,person" -o result
  vitamin pull vitamin-large-336
  vitamin show model.safetensors

Exit status: 0 done, 1 internal error, 2 wrong usage, 3 some inputs failed, 4 model or weights,
5 network or offline, 130 or 143 stopped.`;

/** The program without its commands, which inherit the settings that are made here. */
export function createProgram(streams: Streams): Parser {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  const width = Math.min(streams.stdout.columns ?? HELP_WIDTH, HELP_WIDTH);
  const program = new Parser('vitamin')
    .description('Open-vocabulary vision with ViTamin: ask pictures with any words.')
    .usage('COMMAND [flags]')
    .version(manifest.version, '-V, --version', 'the version of this program')
    .helpOption('-h, --help', 'this text')
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      optionDescription: (option) => option.description,
      visibleCommands: (parser) => parser.commands.flatMap(leavesOf),
      subcommandTerm: (parser) => `${nameOf(parser)} ${usageAfterName(parser)}`.trimEnd(),
    })
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
  for (const [name, flag] of Object.entries(globalFlags)) program.addOption(optionOf(name, flag));
  return program;
}

/** A word that only begins the names of commands stands for these. */
function leavesOf(parser: Parser): Parser[] {
  const own = parser.description() === '' ? [] : [parser];
  return [...own, ...parser.commands.flatMap(leavesOf)];
}

/** `eval detect`. */
function nameOf(parser: Parser): string {
  const parent = parser.parent?.parent ? `${nameOf(parser.parent)} ` : '';
  return `${parent}${parser.name()}`;
}

/** Only what it takes beside flags. */
function usageAfterName(parser: Parser): string {
  return parser.registeredArguments
    .map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${name}>` : `[${name}]`;
    })
    .join(' ');
}
