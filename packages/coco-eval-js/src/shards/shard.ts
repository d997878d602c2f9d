import { contextOf } from '../coco/dataset.ts';
import { type EvaluateOptions, prepareEvaluation } from '../coco/evaluate.ts';
import { Evaluation } from '../coco/evaluation.ts';
import { IdKeys } from '../coco/id-keys.ts';
import { loadDetections } from '../coco/load-detections.ts';
import { matchAll } from '../coco/match-run.ts';
import type { Detections } from '../coco/columns.ts';
import type { MatchProgress, MatchTable } from '../coco/match-table.ts';
import type { EvalParams } from '../coco/params.ts';
import type { PreparedEvaluation, Scheme } from '../coco/scheme.ts';
import type { Dataset, Result, Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError } from '../errors.ts';
import { schemeFor } from '../lvis/scheme.ts';
import { mergeTables } from './merge-tables.ts';

/** The matches of one part of the images, to be reduced with the other parts. */
export interface MatchShard {
  /** Part `index` of `count`: the images at positions `index`, `index + count`, `index + 2 count`... of the ascending ids. */
  readonly index: number;
  readonly count: number;
  readonly scheme: Scheme['name'];
  /** Parameters of the whole evaluation. */
  readonly params: EvalParams;
  /** Ids of the annotation file that a number of `params` stands for, in the order of these numbers: `t` and a text, or `n` and a number beyond 2^53. */
  readonly ids?: readonly string[];
  /** What a summary needs to know of the categories; their ids are numbers as in `params`. */
  readonly categories: readonly ShardCategory[];
  readonly warnings: readonly Warning[];
  readonly table: MatchTable;
}

/** A category as a shard remembers it. */
export interface ShardCategory {
  readonly id: number;
  readonly name?: string;
  readonly frequency?: string;
}

/** Which part of the images, and by which rules. */
export interface ShardOptions extends EvaluateOptions {
  readonly index: number;
  readonly count: number;
  /** By the federated rules of LVIS; the largest of `maxDets` is then the limit for a whole image. */
  readonly lvis?: boolean | undefined;
}

/**
 * Matches one part of the images. The results may be complete or hold just the entries of the part's images.
 *
 * @throws CocoEvalError as `evaluate`, and `USAGE` unless `0 <= index < count`
 * @example
 * ```ts
 * import { matchShard, reduceShards, type Dataset, type Result } from 'coco-eval-js';
 * function inThreeParts(dataset: Dataset, results: Result[]): readonly number[] {
 *   const shards = [0, 1, 2].map((index) => matchShard(dataset, results, { iouType: 'bbox', index, count: 3 }));
 *   return reduceShards(shards, dataset).stats;
 * }
 * ```
 */
export function matchShard(groundTruth: Dataset, results: readonly Result[], options: ShardOptions): MatchShard {
  const { index, count, lvis = false, signal, onProgress, ...input } = options;
  checkPart(index, count);
  const prepared = prepareEvaluation(groundTruth, input, schemeFor(lvis, input.maxDets));
  return matchPart(prepared, loadDetections(results, prepared), { index, count }, { signal, onProgress });
}

/** @throws CocoEvalError `USAGE` unless `0 <= index < count` */
export function checkPart(index: number, count: number): void {
  if (Number.isInteger(count) && Number.isInteger(index) && index >= 0 && index < count) return;
  throw new CocoEvalError('USAGE', `Expected a shard index from 0 to count - 1 but received ${index} of ${count}`);
}

/** Matches one part of prepared columns. */
export function matchPart(
  prepared: PreparedEvaluation,
  detections: Detections,
  { index, count }: Pick<MatchShard, 'index' | 'count'>,
  progress: MatchProgress,
): MatchShard {
  const { scheme, params, warnings, dataset } = prepared;
  const ids = writeKeys(dataset.keys);
  const images = Uint8Array.from(params.imgIds, (_, i) => Number(i % count === index));
  const rules = { ...scheme.rules(prepared, detections), images };
  const table = matchAll(prepared.groundTruth, detections, params, warnings, rules, progress);
  const categories = dataset.categories.map(({ id, name, frequency }): ShardCategory => ({
    id,
    ...(typeof name === 'string' && { name }),
    ...(typeof frequency === 'string' && { frequency }),
  }));
  return { index, count, scheme: scheme.name, params, ...(ids.length > 0 && { ids }), categories, warnings: warnings.list(), table };
}

/**
 * The evaluation that its parts make together: the same numbers, to the last bit, as one run over all images.
 *
 * @param context images and categories of the data set, for slices by their attributes; without it only names are known
 * @throws CocoEvalError `SHARDS` when a part is missing or there twice, or when parts were made with different parameters
 * @example
 * ```ts
 * import { type Dataset, parseShard, reduceShards } from 'coco-eval-js';
 * function reduceFiles(files: Uint8Array[], dataset: Dataset): string {
 *   return reduceShards(files.map(parseShard), dataset).summary.text;
 * }
 * ```
 */
export function reduceShards(shards: readonly MatchShard[], context?: Pick<Dataset, 'images' | 'categories'>): Evaluation {
  const first = shards[0];
  if (first === undefined) throw new CocoEvalError('SHARDS', 'Expected at least one shard but received none');
  const seen = new Set<number>();
  const wanted = JSON.stringify([first.params, first.ids]);
  for (const shard of shards) {
    const name = `shard ${shard.index + 1}/${shard.count}`;
    if (shard.count !== first.count) throw new CocoEvalError('SHARDS', `Expected shards of ${first.count} but received ${name}`);
    if (seen.has(shard.index)) throw new CocoEvalError('SHARDS', `Expected every shard once but received ${name} twice`);
    if (shard.scheme !== first.scheme || JSON.stringify([shard.params, shard.ids]) !== wanted) {
      throw new CocoEvalError(
        'SHARDS',
        `Expected shards made with the same parameters but ${name} differs from ${first.index + 1}/${first.count}`,
      );
    }
    seen.add(shard.index);
  }
  const missing = Array.from({ length: first.count }, (_, i) => i)
    .filter((i) => !seen.has(i))
    .map((i) => `${i + 1}/${first.count}`);
  if (missing.length > 0) {
    const [listed, more] = [missing.slice(0, 10).join(', '), missing.length > 10 ? ` and ${missing.length - 10} more` : ''];
    throw new CocoEvalError('SHARDS', `Expected ${first.count} shards but shard ${listed}${more} is missing`);
  }
  const table = mergeTables(
    shards.map((shard) => shard.table),
    first.params.imgIds.length,
  );
  return new Evaluation(
    first.params,
    table,
    contextOf(
      context ?? { images: first.params.imgIds.map((id) => ({ id })), categories: first.categories.map((category) => ({ ...category })) },
      readKeys(first.ids),
    ),
    mergeWarnings(shards),
    undefined,
    schemeFor(first.scheme === 'lvis'),
  );
}

function writeKeys(keys: IdKeys): string[] {
  return keys.list().map((id) => (typeof id === 'string' ? `t${id}` : `n${id}`));
}

/** The keys of a shard's ids. */
export function readKeys(ids: readonly string[] = []): IdKeys {
  return new IdKeys(ids.map((id) => (id.startsWith('n') ? BigInt(id.slice(1)) : id.slice(1))));
}

/** Every part reads the same annotation file and counts the same faults in it, so of each kind the largest count stands. */
function mergeWarnings(shards: readonly MatchShard[]): Warning[] {
  const byCode = new Map<string, Warning>();
  for (const warning of shards.flatMap((shard) => shard.warnings)) {
    const other = byCode.get(warning.code);
    if (other === undefined) byCode.set(warning.code, warning);
    else {
      const firstIndex = Math.min(other.firstIndex, warning.firstIndex);
      byCode.set(warning.code, { ...warning, count: Math.max(other.count, warning.count), firstIndex });
    }
  }
  const log = new WarningLog();
  log.merge([...byCode.values()]);
  return log.list();
}
