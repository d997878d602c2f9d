import type { GroundTruth } from './columns.ts';
import type { GroundTruthOptions } from './ground-truth-builder.ts';
import type { Dataset, Warning } from './types.ts';

/** An annotation file as columns, made for one kind of evaluation. Evaluating does not change it, so it serves for any number of results. */
export class AnnotationColumns {
  readonly images: Dataset['images'];
  readonly categories: Dataset['categories'];
  readonly groundTruth: GroundTruth;
  readonly options: GroundTruthOptions;
  readonly warnings: readonly Warning[];

  constructor(
    { images, categories }: Pick<Dataset, 'images' | 'categories'>,
    groundTruth: GroundTruth,
    options: GroundTruthOptions,
    warnings: readonly Warning[],
  ) {
    this.images = images;
    this.categories = categories;
    this.groundTruth = groundTruth;
    this.options = options;
    this.warnings = warnings;
  }
}
