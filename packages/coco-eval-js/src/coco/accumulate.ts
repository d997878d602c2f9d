import { drawCurves } from './curve-walk.ts';
import type { AccumulateOptions, CurvePlan, Curves } from './curves.ts';
import type { MatchTable } from './match-table.ts';

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
