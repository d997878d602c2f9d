import type { MatchTable } from './match-table.ts';

/** What is drawn from a match table. */
export interface AccumulateOptions {
  readonly recThrs: readonly number[];
  /** Ascending. `Infinity`: all. */
  readonly maxDets: readonly number[];
  /** 1 for each position of `imgIds` that counts; absent: all. */
  readonly images?: Uint8Array | undefined;
}

/** Precision and recall at every setting; -1 where a category has no ground truth. C order, the last dimension varies fastest. */
export interface Curves {
  /** `[thresholds, recall points, categories, area ranges, maxDets]`. */
  readonly counts: readonly [number, number, number, number, number];
  /** Interpolated precision at each recall point, shape `counts`. */
  readonly precision: Float64Array;
  /** Highest recall reached, shape `[thresholds, categories, area ranges, maxDets]`. */
  readonly recall: Float64Array;
  /** Score of the detection at which each recall point is reached, shape `counts`. */
  readonly scores: Float64Array;
}

/** What one walk over a table reads and writes. */
export interface CurvePlan {
  readonly table: MatchTable;
  readonly options: AccumulateOptions;
  readonly counts: Curves['counts'];
  /** What is drawn at each recall point. */
  readonly value: 'precision' | 'score';
  /** Shape `counts`. */
  readonly values: Float64Array;
  readonly recall: Float64Array;
}
