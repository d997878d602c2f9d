import type { Writable } from 'node:stream';
import { calibration } from '../calibration/calibration.ts';
import type { Warning } from '../coco/types.ts';
import { CocoEvalError, describe, inFile } from '../errors.ts';
import { matchShardFile } from '../node/files.ts';
import { readWhole } from '../node/read-file.ts';
import { type MatchShard, reduceShards } from '../shards/shard.ts';
import { parseShard, serializeShard } from '../shards/shard-bytes.ts';
import { shownDetection } from './detection-output.ts';
import { namesIn } from './named.ts';
import { fileOptions, inAnnotations, openAnnotations } from './opened.ts';
import type { CommandLine } from './options.ts';
import { refuse } from './parameters.ts';
import type { Progress } from './progress.ts';
import type { Shown } from './shown.ts';

/** What `coco-eval merge` makes of parts, and what is not known in one. */
const elsewhere = [
  'panoptic',
  'split',
  'tide',
  'confusion',
  'calibration',
  'label-errors',
  'per-class',
  'json',
  'csv',
  'report',
  'title',
  'threads',
] as const;

/** `2/4` is the second of four, at index 1. */
function partOf(text: string): { index: number; count: number } {
  const [, index, count] = (/^(\d{1,7})\/(\d{1,7})$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index >= 1 && index <= count) return { index: index - 1, count };
  throw new CocoEvalError('USAGE', `Expected --shard I/N such as 1/4 but received ${describe(text)}`, {
    hint: 'Parts count from 1: those of four are 1/4, 2/4, 3/4 and 4/4.',
  });
}

/** Matches the part that `--shard` names. */
export async function matchedShard(
  line: CommandLine,
  progress: Progress,
  stdout: Writable & { readonly isTTY?: boolean },
): Promise<{ bytes: Uint8Array; warnings: readonly Warning[] }> {
  refuse(line, { beside: '--shard' }, elsewhere);
  const part = partOf(line.values.shard!);
  if (stdout.isTTY && line.values.output === undefined) {
    throw new CocoEvalError('USAGE', 'Expected -o FILE beside --shard: a part is made of bytes, not of text', {
      hint: 'Example: coco-eval gt.json dt.json --shard 1/4 -o part-1',
    });
  }
  const opened = await openAnnotations(line);
  const options = { ...fileOptions(opened, progress), ...part };
  const shard = await inAnnotations(line, async () => matchShardFile(opened.dataset, line.results, options));
  opened.warnings.merge(shard.warnings);
  return { bytes: serializeShard({ ...shard, warnings: opened.warnings.list() }), warnings: opened.warnings.list() };
}

/** The metrics of all parts together. */
export async function showMerged(line: CommandLine): Promise<Shown> {
  const shards: MatchShard[] = [];
  for (const path of line.files) shards.push(await readPart(path));
  const evaluation = reduceShards(shards);
  const { context, warnings } = evaluation;
  const names = new Map(context.categories.map(({ id, name }) => [id, name]));
  const nameOf = (id: number): string => names.get(id) ?? String(context.keys.id(id));
  const own = line.values.calibration ? { calibration: calibration(evaluation) } : {};
  return shownDetection({ evaluation, lvis: shards[0]!.scheme === 'lvis', nameOf, named: namesIn(context), warnings, ...own }, line);
}

async function readPart(path: string): Promise<MatchShard> {
  const bytes = await readWhole(path);
  try {
    return parseShard(bytes);
  } catch (error) {
    throw error instanceof CocoEvalError ? inFile(error, path) : error;
  }
}
