import { rmSync } from 'node:fs';
import { access, constants, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { makeFolder, VitaminError } from '@vitamin-vlm/core';
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
    const writer = await openWriter(flags, writes, output);
    const cacheDir = 'model' in values ? await writableCache(flags, output) : flags.cacheDir;
    return { inputs, flags: { ...flags, cacheDir }, sourceOf, output, progress, signal: stop.signal, writer };
  };
  return { output, progress, open };
}

/**
 * The folder for graphs and words of a command that loads a model. Where the usual one cannot be written (a read-only home), a folder for this run alone.
 *
 * @throws VitaminError `USAGE` when --cache-dir itself cannot be written.
 */
async function writableCache({ cacheDir }: Context['flags'], output: Output): Promise<string | undefined> {
  const { defaultCacheDir } = await import('@vitamin-vlm/runtime');
  const folder = cacheDir ?? defaultCacheDir();
  try {
    await makeFolder(folder, 0o700);
    await access(folder, constants.W_OK);
    return cacheDir;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (cacheDir !== undefined) {
      throw new VitaminError(
        'USAGE',
        `Expected a folder that can be written for --cache-dir but the system refused ${cacheDir}: ${reason}`,
        {
          hint: 'Name another folder, best on the file system of the weights.',
          cause,
        },
      );
    }
    const own = await mkdtemp(join(tmpdir(), 'vitamin-'));
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
    output.note(`Nothing can be kept in ${folder} (${reason}): words and graphs are made anew each time. Name a folder with --cache-dir.`);
    return own;
  }
}

async function openWriter({ output: path, force }: Context['flags'], writes: Writes, output: Output): Promise<FileWriter | undefined> {
  const folder = writes === 'folder' || (typeof writes === 'object' && 'orFolder' in writes && path !== undefined && isFolderName(path));
  if (typeof writes === 'object' && 'endings' in writes && !folder) {
    const names = writes.endings.map((ending) => `FILE${ending}`).join(' or ');
    if (!writes.endings.some((ending) => path?.toLowerCase().endsWith(ending))) {
      throw new VitaminError(
        'USAGE',
        `Expected -o ${names} but received ${path ?? 'none'}`,
        writes.orFolder ? { hint: 'Several pictures take a folder: a name without an ending.' } : {},
      );
    }
  }
  if (path === undefined) return undefined;
  if (typeof writes === 'object' && 'nothing' in writes) {
    throw new VitaminError('USAGE', `Expected no -o but received ${path}`, { hint: writes.nothing });
  }
  if (!folder) return await FileWriter.forFile(path, force);
  return await FileWriter.forFolder(path, force, (wanted, used) => {
    output.note(`${join(path, wanted)} exists: writing ${used}; --force overwrites`);
  });
}

/** A name without an ending, or with a separator behind it. */
function isFolderName(path: string): boolean {
  return /[/\\]$/u.test(path) || extname(path) === '';
}

function isTrue(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/iu.test(value?.trim() ?? '');
}
