import { parentPort, workerData } from 'node:worker_threads';
import type { Detections, GroundTruth } from '../coco/columns.ts';
import type { MatchRules, MatchTable } from '../coco/match-table.ts';
import type { EvalParams } from '../coco/params.ts';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, type CocoEvalErrorCode } from '../errors.ts';
import { matchPart } from '../shards/shard.ts';

/** What a worker is given. */
export interface MatchJob {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly params: EvalParams;
  readonly rules: MatchRules;
  readonly index: number;
  readonly count: number;
}

/** What a worker sends: first its progress, in the end a table or an error. */
export type MatchMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'table'; readonly table: MatchTable; readonly warnings: readonly Warning[] }
  | {
      readonly kind: 'error';
      readonly code: CocoEvalErrorCode;
      readonly message: string;
      readonly hint?: string | undefined;
      readonly index?: number | undefined;
    };

function run({ groundTruth, detections, params, rules, index, count }: MatchJob): MatchMessage {
  const warnings = new WarningLog();
  try {
    const { table } = matchPart(
      { groundTruth, params, warnings },
      detections,
      rules,
      { index, count, scheme: 'coco' },
      { onProgress: postProgress },
    );
    return { kind: 'table', table, warnings: warnings.list() };
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    return { kind: 'error', code: error.code, message: error.message, hint: error.hint, index: error.index };
  }
}

function postProgress({ done, total }: { readonly done: number; readonly total: number }): void {
  post({ kind: 'progress', done, total });
}

function post(message: MatchMessage): void {
  parentPort?.postMessage(message);
}

post(run(workerData as MatchJob));
