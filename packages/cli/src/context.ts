import { VitaminError } from '@vitamin-vlm/core';
import type { Context, Writes } from './command.ts';
import { FileWriter } from './file-writer.ts';
import { Output } from './output.ts';
import type { Parsed } from './parser.ts';
import { Progress } from './progress.ts';
import type { Stop } from './signals.ts';
import type { Streams } from './streams.ts';

/** A context, once the place that -o names was looked at. `output` can tell an error before that. */
export interface Created {
  readonly output: Output;
  readonly progress: Progress;
  /** @throws VitaminError `USAGE` when -o is missing, not wanted, or cannot be written: before any work is done. */
  readonly open: (writes?: Writes) => Promise<Context>;
}

/** Makes of the flags that all commands share what a command works with. */
export function createContext({ inputs, flags: values, sourceOf }: Parsed, streams: Streams, stop: Stop): Created {
  const flags = values as Context['flags'];
  const hidden = flags.quiet || flags.noProgress || isTrue(process.env['HF_HUB_DISABLE_PROGRESS_BARS']);
  const progress = new Progress(streams.stderr, !hidden);
  const output = new Output(streams, progress, {
    format: flags.json ? 'json' : flags.jsonl ? 'jsonl' : 'text',
    quiet: flags.quiet,
    pathsOnly: flags.quiet && flags.output !== undefined,
    verbose: flags.verbose,
    color: !flags.noColor,
  });
  const open = async (writes: Writes = 'document'): Promise<Context> => {
    const writer = await openWriter(flags, writes);
    return { inputs, flags, sourceOf, output, progress, signal: stop.signal, writer };
  };
  return { output, progress, open };
}

async function openWriter({ output: path, force }: Context['flags'], writes: Writes): Promise<FileWriter | undefined> {
  if (typeof writes === 'object' && 'endings' in writes) {
    const names = writes.endings.map((ending) => `FILE${ending}`).join(' or ');
    if (!writes.endings.some((ending) => path?.toLowerCase().endsWith(ending))) {
      throw new VitaminError('USAGE', `Expected -o ${names} but received ${path ?? 'none'}`);
    }
  }
  if (path === undefined) return undefined;
  if (typeof writes === 'object' && 'nothing' in writes) {
    throw new VitaminError('USAGE', `Expected no -o but received ${path}`, { hint: writes.nothing });
  }
  return writes === 'folder' ? await FileWriter.forFolder(path, force) : await FileWriter.forFile(path, force);
}

function isTrue(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/iu.test(value?.trim() ?? '');
}
