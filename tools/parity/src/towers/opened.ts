import type { Backbone, OpenedModel } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { formulaValues } from '../formula.ts';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import type { CaseWeights } from './case-weights.ts';

/** One tower with its text tower. */
export interface OpenedCase {
  readonly golden: Golden;
  readonly weights: CaseWeights;
  readonly model: OpenedModel;
  readonly backbone: Backbone;
  readonly context: GoldenContext;
}

/** An input by its name in the file: [name, shape], values within ±2. */
export function inputOf(golden: Golden, seedSuffix: string): Tensor<'float32'> {
  const [name, shape] = golden.take() as [string, number[]];
  return formulaValues(name + seedSuffix, shape, 4);
}
