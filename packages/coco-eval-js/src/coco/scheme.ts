import type { Detections, GroundTruth } from './columns.ts';
import type { Curves } from './curves.ts';
import type { MatchRules } from './match-table.ts';
import type { EvalParams, EvalParamsInput } from './params.ts';
import { summarize, type Summary } from './summarize.ts';
import type { EvaluationContext } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** Everything an evaluation compares, checked and as columns. */
export interface PreparedEvaluation {
  readonly scheme: Scheme;
  readonly dataset: EvaluationContext;
  readonly params: EvalParams;
  readonly groundTruth: GroundTruth;
  /** Whether entries of this image and category are looked at. */
  readonly asked: (image: number, category: number) => boolean;
  readonly warnings: WarningLog;
}

/** What COCO and LVIS do differently, from the parameters to the summary. */
export interface Scheme {
  readonly name: 'coco' | 'lvis' | 'crowdpose';
  /** Parameters as the scheme takes them. @throws CocoEvalError `USAGE` for what it does not know */
  take(input: EvalParamsInput): EvalParamsInput;
  /** Counts what is odd in the images and categories. */
  check(dataset: EvaluationContext, warnings: WarningLog): void;
  /** What matching does differently for these detections. */
  rules(prepared: PreparedEvaluation, detections: Detections): MatchRules;
  /** Detection limits of the curves. */
  limits(params: EvalParams): readonly number[];
  /** @param draw curves of some images only: 1 for each position of `imgIds` that counts */
  summarize(curves: Curves, params: EvalParams, context: EvaluationContext, draw: (images: Uint8Array) => Curves): Summary;
}

/** The rules of COCO. */
export const COCO_SCHEME: Scheme = {
  name: 'coco',
  take: (input) => input,
  check: () => undefined,
  rules: () => ({}),
  limits: (params) => params.maxDets,
  summarize,
};
