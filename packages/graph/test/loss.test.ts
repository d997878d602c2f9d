import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate } from './evaluate.ts';

const sine = (shift: number, scale: number): number[] => Array.from({ length: 20 }, (_, i) => scale * Math.sin(0.7 * (i + 1) + shift));
const floats = (shape: readonly number[], numbers: readonly number[]): Tensor => tensor('float32', shape, Float32Array.from(numbers));
const logits = sine(0, 3);
/** Two classes are hidden, of which none is a target. */
const masked = logits.map((value, i) => (i === 2 || i === 7 ? -Infinity : value));
const shares = sine(1, 1).map((value) => (value + 1) / 2);
const classes = tensor('int64', [4], BigInt64Array.of(3n, 1n, -100n, 4n));
const weights = floats([5], [1, 0.5, 2, 0.25, 0.1]);

/** Loss, and the gradient of its sum, of x [4, 5]; the first extent has a name. */
async function run(
  x: readonly number[],
  feeds: Record<string, Tensor>,
  loss: (x: g.Value, feeds: Record<string, g.Value>) => g.Value,
): Promise<[number[], number[]]> {
  const graph = new g.Graph('loss');
  const value = graph.input('x', 'float32', ['N', 5]);
  const y = loss(
    value,
    Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, shape }]) => [
        name,
        graph.input(name, dtype, name === 'w' ? shape : ['N', ...shape.slice(1)]),
      ]),
    ),
  );
  graph.output('y', y);
  graph.output('d', g.gradients(g.reshape(g.reduceSum(y, [...y.shape.keys()]), []), [value])[0]!);
  const found = await evaluate(graph, { ...feeds, x: floats([4, 5], x) });
  return [[...found['y']!.data], [...found['d']!.data]];
}

// PyTorch 2.15.0 in float64: the loss, the first six elements of its gradient, and the sum of the squares of all twenty.
type Golden = readonly [losses: readonly number[], gradient: readonly number[], squares: number];
const goldens: Record<string, readonly [() => Promise<[number[], number[]]>, Golden]> = {
  'cross_entropy, with ignored and hidden ones': [
    () => run(masked, { t: classes }, (x, { t }) => g.crossEntropy(x, t!)),
    [[2.603636], [0.078812, 0.219371, 0, -0.302166, 0.003983, 0.00292], 0.3577],
  ],
  'cross_entropy with class weights': [
    () => run(masked, { t: classes, w: weights }, (x, { t, w }) => g.crossEntropy(x, t!, { classWeights: w! })),
    [[3.723107], [0.06954, 0.193562, 0, -0.266617, 0.003515, 0.005153], 0.718276],
  ],
  'cross_entropy of each row': [
    () => run(masked, { t: classes, w: weights }, (x, { t, w }) => g.crossEntropy(x, t!, { classWeights: w!, reduction: 'none' })),
    [[0.592441, 2.535107, 0, 0.037093], [0.059109, 0.164528, 0, -0.226624, 0.002987, 0.00438], 0.518954],
  ],
  'binary_cross_entropy_with_logits of large logits': [
    () => run(sine(0, 40), { t: floats([4, 5], shares) }, (x, { t }) => g.binaryCrossEntropy(x, t!)),
    [[6.897252], [0.000208, 0.008113, 0.02396, 0.040296, -0.000562, -0.002914], 0.007573],
  ],
  'dice_loss of Mask2Former, summed': [
    () =>
      run(
        logits,
        {
          t: floats(
            [4, 5],
            shares.map((share) => Number(share > 0.5)),
          ),
        },
        (x, { t }) => g.diceLoss(x, t!, 'sum'),
      ),
    [[0.845133], [-0.01654, -0.007036, -0.009723, 0.021284, 0.020812, 0.008078], 0.009932],
  ],
  l1_loss: [
    () => run(logits, { t: floats([4, 5], shares) }, (x, { t }) => g.l1Loss(x, t!)),
    [[1.793234], [0.05, 0.05, 0.05, 0.05, -0.05, -0.05], 0.05],
  ],
  smooth_l1_loss: [
    () =>
      run(
        logits.map((value) => value / 3),
        { t: floats([4, 5], shares) },
        (x, { t }) => g.smoothL1Loss(x, t!, 0.5),
      ),
    [[0.390046], [-0.035161, 0.014772, 0.034242, 0.014092, -0.036202, -0.05], 0.029603],
  ],
};

it.each(Object.keys(goldens))('agrees with %s of PyTorch', async (name) => {
  const [compute, [losses, gradient, squares]] = goldens[name]!;
  const [y, d] = await compute();
  expect(y.length).toBe(losses.length);
  losses.forEach((loss, i) => expect(y[i]).toBeCloseTo(loss, 5));
  gradient.forEach((slope, i) => expect(d[i]).toBeCloseTo(slope, 5));
  expect(d.reduce((sum, slope) => sum + slope * slope, 0)).toBeCloseTo(squares, 5);
});
