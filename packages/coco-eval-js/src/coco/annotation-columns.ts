import type { GroundTruth } from './columns.ts';
import type { Faults } from './faults.ts';
import type { Scheme } from './scheme.ts';
import type { EvaluationContext, IouType, Mode, Warning } from './types.ts';

/** What the columns are made for. */
export interface GroundTruthOptions {
  readonly iouType: IouType;
  readonly mode: Mode;
  readonly keypointCount: number;
  /** In LVIS the "ignore" field counts and there are no crowds. */
  readonly scheme: Scheme['name'];
}

/** An annotation file as columns, made for one kind of evaluation. Evaluating does not change it, so it serves for any number of results. */
export class AnnotationColumns implements EvaluationContext {
  readonly images: EvaluationContext['images'];
  readonly categories: EvaluationContext['categories'];
  readonly keys: EvaluationContext['keys'];
  readonly groundTruth: GroundTruth;
  readonly options: GroundTruthOptions;
  readonly warnings: readonly Warning[];
  /** Of entries that count only when they are asked for. */
  readonly faults: Faults;

  constructor(
    { images, categories, keys }: EvaluationContext,
    groundTruth: GroundTruth,
    options: GroundTruthOptions,
    warnings: readonly Warning[],
    faults: Faults,
  ) {
    this.images = images;
    this.categories = categories;
    this.keys = keys;
    this.groundTruth = groundTruth;
    this.options = options;
    this.warnings = warnings;
    this.faults = faults;
  }
}
