import { contextOf } from '../coco/dataset.ts';
import { type EvaluateOptions, prepareEvaluation } from '../coco/evaluate.ts';
import { Evaluation } from '../coco/evaluation.ts';
import { IdKeys } from '../coco/id-keys.ts';
import { loadDetections } from '../coco/load-detections.ts';
import { matchAll } from '../coco/match-run.ts';
import type { MatchTable } from '../coco/match-table.ts';
import type { EvalParams } from '../coco/params.ts';
import type { Scheme } from '../coco/scheme.ts';
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
  readonly warnings: readonly Warning[];
  readonly table: MatchTable;
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
  if (!Number.isInteger(count) || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new CocoEvalError('USAGE', `Expected a shard index from 0 to count - 1 but received ${index} of ${count}`);
  }
  const prepared = prepareEvaluation(groundTruth, input, schemeFor(lvis, input.maxDets));
  const { scheme, params, warnings } = prepared;
  const ids = writeKeys(prepared.dataset.keys);
  const detections = loadDetections(results, prepared);
  const images = Uint8Array.from(params.imgIds, (_, i) => Number(i % count === index));
  const rules = { ...scheme.rules(prepared, detections), images };
  const table = matchAll(prepared.groundTruth, detections, params, warnings, rules, { signal, onProgress });
  return { index, count, scheme: scheme.name, params, ...(ids.length > 0 && { ids }), warnings: warnings.list(), table };
}

/**
 * The evaluation that its parts make together: the same numbers, to the last bit, as one run over all images.
 *
 * @param context images and categories of the data set, for names and attributes
 * @throws CocoEvalError `SHARDS` when a part is missing or there twice, or when parts were made with different parameters
 * @example
 * ```ts
 * import { type Dataset, parseShard, reduceShards } from 'coco-eval-js';
 * function reduceFiles(files: Uint8Array[], dataset: Dataset): string {
 *   return reduceShards(files.map(parseShard), dataset).summary.text;
 * }
 * ```
 */
export function reduceShards(shards: readonly MatchShard[], context: Pick<Dataset, 'images' | 'categories'>): Evaluation {
  const first = shards[0];
  if (first === undefined) throw new CocoEvalError('SHARDS', 'Expected at least one shard but received none');
  const seen = new Set<number>();
  const wanted = JSON.stringify([first.params, first.ids]);
  for (const shard of shards) {
    const name = `shard ${shard.index} of ${shard.count}`;
    if (shard.count !== first.count) throw new CocoEvalError('SHARDS', `Expected shards of ${first.count} but received ${name}`);
    if (seen.has(shard.index)) throw new CocoEvalError('SHARDS', `Expected every shard once but received ${name} twice`);
    if (shard.scheme !== first.scheme || JSON.stringify([shard.params, shard.ids]) !== wanted) {
      throw new CocoEvalError('SHARDS', `Expected shards made with the same parameters but ${name} differs from shard ${first.index}`);
    }
    seen.add(shard.index);
  }
  const missing = Array.from({ length: first.count }, (_, i) => i).filter((i) => !seen.has(i));
  if (missing.length > 0) throw new CocoEvalError('SHARDS', `Expected ${first.count} shards but shard ${missing.join(', ')} is missing`);
  const table = mergeTables(
    shards.map((shard) => shard.table),
    first.params.imgIds.length,
  );
  return new Evaluation(
    first.params,
    table,
    contextOf(context, readKeys(first.ids)),
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
