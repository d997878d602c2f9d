import { drawCurves } from './curve-walk.ts';
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

/** Precision-recall curves of a match table (cocoeval.py, accumulate). How many points they may have was checked with the parameters. */
export function accumulate(table: MatchTable, options: AccumulateOptions): Curves {
  const categories = table.dtCategory.length - 1;
  const counts: Curves['counts'] = [table.thresholds, options.recThrs.length, categories, table.areas, options.maxDets.length];
  const [T, R, K, A, M] = counts;
  const values = new Float64Array(T * R * K * A * M);
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const plan: CurvePlan = { table, options, counts, value: 'precision', values, recall };
  drawCurves(plan);
  return new DrawnCurves(plan);
}

/** The curves of a plan. Scores, which no summary needs, are drawn when they are asked for. */
class DrawnCurves implements Curves {
  readonly counts: Curves['counts'];
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly #plan: CurvePlan;
  #scores: Float64Array | undefined;

  constructor(plan: CurvePlan) {
    this.counts = plan.counts;
    this.precision = plan.values;
    this.recall = plan.recall;
    this.#plan = plan;
  }

  get scores(): Float64Array {
    if (this.#scores === undefined) {
      this.#scores = new Float64Array(this.precision.length);
      drawCurves({ ...this.#plan, value: 'score', values: this.#scores });
    }
    return this.#scores;
  }
}
