import type { Command } from 'commander';
import { eitherOf, type GlobalFlags } from './flags.ts';
import { FileWriter } from './file-writer.ts';
import { type Format, Output } from './output.ts';
import { Progress } from './progress.ts';
import type { Stop } from './signals.ts';
import type { Streams } from './streams.ts';

/** What a command works with. */
export interface Context {
  readonly flags: GlobalFlags;
  readonly output: Output;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Reads the flags that all commands share. */
export function createContext(command: Command, streams: Streams, stop: Stop): Context {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const format = (eitherOf(command, 'json', 'jsonl') ?? 'text') as Format;
  const hidden = flags.quiet === true || !flags.progress || isTrue(process.env['HF_HUB_DISABLE_PROGRESS_BARS']);
  const progress = new Progress(streams.stderr, !hidden);
  const output = new Output(streams, progress, {
    format,
    quiet: flags.quiet === true,
    pathsOnly: flags.quiet === true && flags.output !== undefined,
    verbose: flags.verbose === true,
    color: flags.color,
  });
  return { flags, output, progress, signal: stop.signal };
}

/** The file that -o names, for commands whose result is one document. Checked before any work is done. */
export async function resultFile({ flags }: Context): Promise<FileWriter | undefined> {
  return flags.output === undefined ? undefined : await FileWriter.forFile(flags.output, flags.force === true);
}

function isTrue(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/iu.test(value?.trim() ?? '');
}
