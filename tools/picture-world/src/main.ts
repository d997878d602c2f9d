#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { encodePng } from '@vitamin-vlm/image';
import { contactSheet } from './contact-sheet.ts';
import { writeDataSet } from './files/dataset.ts';
import { writeSingles } from './files/singles.ts';
import type { Split } from './random.ts';

interface Flags {
  readonly count: number;
  readonly singles?: number;
  readonly seed: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly split: Split;
  readonly maxThings: number;
  readonly kinds?: string[];
  readonly output?: string;
  readonly contactSheet?: string;
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

function size(text: string): Flags['size'] {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected a width or WIDTHxHEIGHT, like 256 or 320x240.');
  return { width: Number(match[1]), height: Number(match[2] ?? match[1]) };
}

async function run(flags: Flags, command: Command): Promise<void> {
  const { count, seed, split, maxThings, kinds, output, contactSheet: sheet } = flags;
  if (output === undefined && sheet === undefined) command.error('error: Expected -o DIR or --contact-sheet FILE.png but received neither');
  if (sheet !== undefined) {
    await writeFileAtomic(sheet, await encodePng(contactSheet(seed, 24, split)));
    console.log(`Wrote ${sheet}`);
  }
  if (output === undefined) return;
  const start = performance.now();
  const onProgress = process.stderr.isTTY ? showProgress : undefined;
  if (flags.singles !== undefined) {
    await writeSingles(output, { ...flags.size, count: flags.singles, seed, split, ...(kinds ? { kinds } : {}), onProgress });
    console.log(`Wrote ${flags.singles} pictures of each kind to ${output}`);
    return;
  }
  await writeDataSet(output, { ...flags.size, count, seed, split, maxThings, ...(kinds ? { kinds } : {}), onProgress });
  const seconds = (performance.now() - start) / 1000;
  console.log(`Wrote ${count} scenes to ${output} in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`);
}

function showProgress(event: { phase: string; done?: number; total?: number }): void {
  if (event.phase === 'run') process.stderr.write(`\r${event.done} of ${event.total} scenes${event.done === event.total ? '\n' : ''}`);
}

const program = new Command('picture-world')
  // Commander ends with 1 on a usage error; this repository's commands end with 2.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .description('Draws scenes with exact annotations and writes them as a COCO data set.')
  .option('--count <n>', 'number of scenes', whole, 100)
  .option('--singles <n>', 'instead of scenes so many pictures of each kind alone, in a folder for each', whole)
  .option('--seed <s>', 'seed of the first scene; the others follow', whole, 1)
  .option('--size <WxH>', 'pixels, one number for a square', size, { width: 256, height: 256 })
  .addOption(new Option('--split <name>', 'stream of seeds; the two share no scene').choices(['train', 'val']).default('train'))
  .option('--max-things <n>', 'most things in a scene', whole, 7)
  .option('--kinds <names>', 'kinds that may appear, separated by commas', (text) => text.split(',').map((name) => name.trim()))
  .option('-o, --output <dir>', 'folder of the data set')
  .option('--contact-sheet <file>', 'draw all kinds and 24 scenes into a PNG file')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof VitaminError)) throw error;
  console.error(`error: ${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`);
  process.exitCode = error.code === 'USAGE' ? 2 : 1;
}
