import { CocoEvalError } from '../errors.ts';
import { CurveWalk } from './curve-walk.ts';
import type { MatchTable } from './match-table.ts';

/** Precision and scores take 8 bytes a cell: 1 GiB each. */
const MAX_CELLS = 2 ** 27;

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

/** Everything that accumulation reads and writes. Plain columns: threads take categories of it at the same time. */
export interface AccumulatePlan {
  readonly table: MatchTable;
  readonly options: AccumulateOptions;
  readonly counts: Curves['counts'];
  /** What is drawn at each recall point. */
  readonly value: 'precision' | 'score';
  /** Shape `counts`. Written category by category, as is `recall`. */
  readonly values: Float64Array;
  readonly recall: Float64Array;
}

/** Precision-recall curves of a match table (cocoeval.py, accumulate). */
export function accumulate(table: MatchTable, options: AccumulateOptions): Curves {
  const plan = planAccumulate(table, options);
  drawAll(plan);
  return new DrawnCurves(plan);
}

/** Makes empty curves. Throws `LIMIT` when the parameters ask for too many numbers. */
export function planAccumulate(table: MatchTable, options: AccumulateOptions): AccumulatePlan {
  const categories = table.dtCategory.length - 1;
  const counts: Curves['counts'] = [table.thresholds, options.recThrs.length, categories, table.areas, options.maxDets.length];
  const [T, R, K, A, M] = counts;
  const cells = T * R * K * A * M;
  if (cells > MAX_CELLS) {
    throw new CocoEvalError('LIMIT', `Expected at most ${MAX_CELLS} precision values but the parameters ask for ${cells}`, {
      hint: 'Evaluate fewer categories, thresholds, area ranges or detection limits at once (catIds, iouThrs, areaRng, maxDets).',
    });
  }
  const values = new Float64Array(cells);
  const recall = new Float64Array(T * K * A * M).fill(-1);
  return { table, options, counts, value: 'precision', values, recall };
}

function drawAll(plan: AccumulatePlan): void {
  const walk = new CurveWalk(plan);
  for (let k = 0; k < plan.counts[2]; k++) walk.category(k);
}

/** The curves of a finished plan. Scores, which no summary needs, are drawn when they are asked for. */
export class DrawnCurves implements Curves {
  readonly counts: Curves['counts'];
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly #plan: AccumulatePlan;
  #scores: Float64Array | undefined;

  constructor(plan: AccumulatePlan) {
    this.counts = plan.counts;
    this.precision = plan.values;
    this.recall = plan.recall;
    this.#plan = plan;
  }

  get scores(): Float64Array {
    if (this.#scores === undefined) {
      this.#scores = new Float64Array(this.precision.length);
      drawAll({ ...this.#plan, value: 'score', values: this.#scores });
    }
    return this.#scores;
  }
}
