import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { abs, clamp, softplus } from '../ops/activation.ts';
import { add, div, mul, neg, sub } from '../ops/arithmetic.ts';
import { cast } from '../ops/cast.ts';
import { equal, where } from '../ops/compare.ts';
import { reshape } from '../ops/layout.ts';
import { reduceMean, reduceSum } from '../ops/reduce.ts';
import { logSoftmax } from '../ops/softmax.ts';
import { sigmoid } from '../ops/unary.ts';
import { formatShape, sameShape } from '../shape.ts';

/** What becomes of the single losses: a scalar, or for `'none'` all of them. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What `crossEntropy` takes. */
export interface CrossEntropyOptions {
  /** [K], a factor for each class. Default: 1 for all. */
  readonly classWeights?: Value;
  /** Default `'mean'`, which divides by the sum of the weights of the targets. */
  readonly reduction?: Reduction;
}

/**
 * Cross-entropy of logits [..., K] with the class of each row, int32 or int64 [...]: loss = -w[t] · log softmax(x)[t], and the mean is
 * Σ loss / Σ w[t] (PyTorch's `cross_entropy`). A row whose target lies outside of 0 ... K-1 has no part in it. Classes hidden by a logit of -∞ get
 * no probability and no gradient. With no counted row at all the mean is NaN.
 *
 * @throws VitaminError `USAGE` for targets of another shape or type and weights that are not [K].
 * @example
 * ```ts
 * import { crossEntropy, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', [512, 81]);
 * const loss = crossEntropy(logits, graph.input('classes', 'int64', [512])); // scalar
 * graph.output('loss', loss);
 * ```
 */
export function crossEntropy(logits: Value, targets: Value, { classWeights, reduction = 'mean' }: CrossEntropyOptions = {}): Value {
  expectTypes('crossEntropy', floats, logits, classWeights ?? null);
  const classes = logits.shape.at(-1);
  const rows = logits.shape.slice(0, -1);
  if (typeof classes !== 'number' || !sameShape(targets.shape, rows) || !['int32', 'int64'].includes(targets.dtype)) {
    throw new VitaminError(
      'USAGE',
      `Expected logits [..., K] and int32 or int64 targets [...] but received ${formatShape(logits.shape)} and ${targets.dtype} ${formatShape(targets.shape)}`,
    );
  }
  if (classWeights && !sameShape(classWeights.shape, [classes])) {
    throw new VitaminError('USAGE', `Expected class weights [${classes}] but received ${formatShape(classWeights.shape)}`);
  }
  const graph = logits.graph;
  const all = graph.constant({ dtype: 'int32', shape: [classes], data: Int32Array.from({ length: classes }, (_, i) => i) });
  const chosen = equal(reshape(cast(targets, 'int32'), [...rows, 1]), all); // [..., K]; int32, which WebGPU compares
  const sumChosen = (values: Value): Value => reshape(reduceSum(where(chosen, values, 0), [-1]), rows);
  const weights = sumChosen(classWeights ?? graph.scalar(1, logits.dtype));
  const losses = mul(neg(sumChosen(logSoftmax(logits))), weights);
  return reduction === 'mean' ? div(reduced(losses, 'sum'), reduced(weights, 'sum')) : reduced(losses, reduction);
}

/**
 * Cross-entropy of independent yes-no decisions: loss = log(1 + eˣ) - x · t, which is -t · log σ(x) - (1 - t) · log(1 - σ(x)) without overflow.
 * Targets are float numbers in [0, 1] of the same shape.
 *
 * @throws VitaminError `USAGE` for targets of another shape or type.
 * @example
 * ```ts
 * import { binaryCrossEntropy, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', [20, 12544]);
 * graph.output('loss', binaryCrossEntropy(logits, graph.input('masks', 'float32', [20, 12544])));
 * ```
 */
export function binaryCrossEntropy(logits: Value, targets: Value, reduction: Reduction = 'mean'): Value {
  expectSame('binaryCrossEntropy', logits, targets);
  return reduced(sub(softplus(logits), mul(logits, targets)), reduction);
}

/**
 * Dice loss of masks given by their logits, over the last axis: with p = σ(x), loss = 1 - (2 · Σ p·t + 1) / (Σ p + Σ t + 1)
 * (Milletari et al., arXiv:1606.04797, in the form of MaskFormer). [..., P] -> one loss for each mask [...], then reduced.
 *
 * @throws VitaminError `USAGE` for targets of another shape or type.
 * @example
 * ```ts
 * import { diceLoss, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', [20, 12544]);
 * graph.output('loss', diceLoss(logits, graph.input('masks', 'float32', [20, 12544])));
 * ```
 */
export function diceLoss(logits: Value, targets: Value, reduction: Reduction = 'mean'): Value {
  expectSame('diceLoss', logits, targets);
  const p = sigmoid(logits);
  const total = (values: Value): Value => reshape(reduceSum(values, [-1]), logits.shape.slice(0, -1));
  const overlap = add(mul(total(mul(p, targets)), 2), 1);
  return reduced(sub(1, div(overlap, add(total(add(p, targets)), 1))), reduction);
}

/**
 * Absolute difference: loss = |x - t|.
 *
 * @throws VitaminError `USAGE` for targets of another shape or type.
 * @example
 * ```ts
 * import { Graph, l1Loss } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const deltas = graph.input('deltas', 'float32', [128, 4]);
 * graph.output('loss', l1Loss(deltas, graph.input('targets', 'float32', [128, 4])));
 * ```
 */
export function l1Loss(x: Value, targets: Value, reduction: Reduction = 'mean'): Value {
  expectSame('l1Loss', x, targets);
  return reduced(abs(sub(x, targets)), reduction);
}

/**
 * Absolute difference with a round bottom (Girshick, arXiv:1504.08083): with d = x - t, loss = d² / (2β) where |d| < β, else |d| - β/2.
 * It is c · (d - c/2) / β with c = d held inside [-β, β].
 *
 * @throws VitaminError `USAGE` for targets of another shape or type and a β that is not positive.
 * @example
 * ```ts
 * import { Graph, smoothL1Loss } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const deltas = graph.input('deltas', 'float32', [128, 4]);
 * graph.output('loss', smoothL1Loss(deltas, graph.input('targets', 'float32', [128, 4]), 1 / 9));
 * ```
 */
export function smoothL1Loss(x: Value, targets: Value, beta = 1, reduction: Reduction = 'mean'): Value {
  expectSame('smoothL1Loss', x, targets);
  if (!(beta > 0)) throw new VitaminError('USAGE', `Expected a positive beta but received ${beta}`, { hint: 'Use l1Loss for 0.' });
  const d = sub(x, targets);
  const c = clamp(d, -beta, beta);
  return reduced(div(mul(c, sub(d, mul(c, 0.5))), beta), reduction);
}

function expectSame(op: string, x: Value, targets: Value): void {
  expectTypes(op, floats, x, targets);
  if (sameShape(x.shape, targets.shape)) return;
  throw new VitaminError('USAGE', `Expected targets ${formatShape(x.shape)} for ${op} but received ${formatShape(targets.shape)}`);
}

function reduced(losses: Value, reduction: Reduction): Value {
  if (reduction === 'none') return losses;
  const axes = [...losses.shape.keys()];
  return reshape(reduction === 'mean' ? reduceMean(losses, axes) : reduceSum(losses, axes), []);
}
