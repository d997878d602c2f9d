import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';

const graph = new g.Graph('errors');
const input = (shape: g.Shape, dtype: 'float32' | 'float16' | 'int64' | 'uint8' = 'float32'): g.Value =>
  graph.input(`x${graph.inputs.size}`, dtype, shape);
const a = input([2, 3]);
const b = input([4, 5]);
const whole = input([2, 3], 'int64');
const picture = input(['N', 4, 6, 6]);
const named = input(['N', 3]);
const other = input(['M', 3]);
const options = { beta1: 0.9, beta2: 0.98, eps: 1e-6, weightDecay: 0, clipNorm: 1, decays: () => false };

/** What a user may get wrong, and what the message must tell. */
const mistakes: Record<string, [mistake: () => unknown, told: string]> = {
  'shapes that do not broadcast': [() => g.add(a, b), '[2, 3] and [4, 5]'],
  'batches of different names': [() => g.mul(named, other), '[N, 3] and [M, 3]'],
  'mixed element types': [() => g.add(a, whole), 'float32 and int64'],
  'a number beside integers': [() => g.mul(whole, 2), 'int64 and float32'],
  'two numbers': [() => g.add(1, 2), 'two numbers'],
  'a function of integers': [() => g.exp(whole), 'floating-point numbers for Exp but received int64'],
  'a sum of bytes': [() => g.reduceSum(input([2], 'uint8'), [0]), 'uint8'],
  'mixed types in a product': [() => g.matmul(a, input([3, 2], 'float16')), 'float32 and float16'],
  'matrices that do not fit': [() => g.matmul(a, b), '[2, 3] and [4, 5]'],
  'a product of vectors': [() => g.matmul(input([3]), a), '[3] and [2, 3]'],
  'leading axes that do not fit': [() => g.matmul(input([2, 2, 3]), input([3, 3, 2])), '[2] and [3]'],
  'a gemm of batches': [() => g.gemm(input([2, 2, 3]), a), '[2, 2, 3]'],
  'a gemm with a matrix as addend': [() => g.gemm(a, input([3, 4]), input([2, 4])), 'addend of shape [4] but received [2, 4]'],
  'a transposed gemm that does not fit': [() => g.gemm(a, b, null, { transB: true }), "[2, 3] and [4, 5]'"],
  'a reshape to another size': [() => g.reshape(a, [5]), '[2, 3]'],
  'a reshape that renames the batch': [() => g.reshape(named, ['M', 3]), '[N, 3] but received [M, 3]'],
  'a reshape that fixes the batch': [() => g.reshape(named, [6]), '[N, 3] but received [6]'],
  'a reshape to a name too many': [() => g.reshape(input(['N', 'L', 3]), ['L', 'N', 'L']), '[L, N, L]'],
  'a name that nothing bears': [() => g.expand(input(['N', 1]), ['N', 'Q']), '"Q" in [1, Q]'],
  'a negative extent': [() => g.reshape(a, [-1, 3]), '[-1, 3]'],
  'a fraction of an extent': [() => input([2.5]), '[2.5]'],
  'an empty extent': [() => input([0, 3]), '[0, 3]'],
  'a name that is a number': [() => input(['8', 3]), '[8, 3]'],
  'an order that repeats an axis': [() => g.transpose(a, [0, 0]), '[0, 0]'],
  'an order of too few axes': [() => g.transpose(a, [0]), '[0]'],
  'a slice past the end': [() => g.slice(a, { axis: 1, start: 1, end: 9 }), '1:9:1'],
  'an empty slice': [() => g.slice(a, { axis: 1, start: 2, end: 2 }), '2:2:1'],
  'a slice from a fraction': [() => g.slice(a, { axis: 1, start: 0.5 }), '0.5:3:1'],
  'a slice that a name may not fill': [() => g.slice(named, { axis: 0, start: 0, end: 2 }), '[N, 3] but received 0:2:1'],
  'a slice whose length has no name': [() => g.slice(named, { axis: 0, start: 1 }), 'N - 1 but received none'],
  'steps that a name may not fill': [() => g.slice(named, { axis: 0, start: 0, step: 2 }), '"N" but received 0::2'],
  'a slice from before the start': [() => g.slice(a, { axis: 1, start: -4 }), '-4:3:1'],
  'a sum whose name is taken for another': [
    () => {
      g.concat([named, named, other], 0, 'NNM');
      g.concat([named, other], 0, 'NNM');
    },
    'N + M but received "NNM"',
  ],
  'a sum of extents without a name': [() => g.concat([named, other], 0), 'N + M but received none'],
  'a sum that is named like its part': [() => g.concat([named, other], 0, 'M'), 'N + M but received "M"'],
  'an axis that is not there': [() => g.reduceSum(a, [2]), 'rank-2 value but received 2'],
  'an axis far below': [() => g.softmax(g.reduceMean(a, [-3])), 'received -3'],
  'an axis named twice': [() => g.reduceSum(a, [1, -1]), '[1, -1]'],
  'an axis of a fraction': [() => g.argMax(a, 0.5), 'received 0.5'],
  'negative padding': [() => g.pad(a, 0, -1, 0), 'received -1'],
  'padding of the batch': [() => g.pad(named, 0, 1, 1), '1 + N + 1 but received none'],
  'nothing to join': [() => g.concat([], 0), 'none'],
  'parts that differ elsewhere': [() => g.concat([a, b], 0), '[2, 3] and [4, 5]'],
  'parts of different types': [() => g.concat([a, whole], 0), 'float32 and int64'],
  'parts of different batches': [() => g.concat([named, other], 1), '[N, 3] and [M, 3]'],
  'repeating what is not 1': [() => g.expand(a, [4, 3]), '[2, 3] but received [4, 3]'],
  'repeating to another rank': [() => g.expand(input([1]), [4, 1]), '[4, 1]'],
  'a softmax of a scalar': [() => g.softmax(input([])), 'scalar'],
  'a scale of another width': [() => g.layerNormalization(a, input([2]), input([3]), 1e-6), '[2, 3], [2], [3]'],
  'indices that are no integers': [() => g.gather(a, a), 'float32'],
  'slices along an axis that is not there': [() => g.gather(a, whole, 2), 'rank-2 value but received 2'],
  'indices of another shape': [() => g.gatherElements(a, input([3, 3], 'int64'), 1), '[2, 3] on axis 1 only but received [3, 3]'],
  'index vectors that are too long': [() => g.gatherND(a, input([4, 3], 'int64')), '[2, 3] but received [4, 3]'],
  'index vectors of 32 bits': [
    () => g.gatherND(a, g.cast(input([4, 2], 'int64'), 'int32')),
    'int64 indices for GatherND but received int32',
  ],
  'updates that do not fit': [() => g.scatterND(a, input([4, 1], 'int64'), input([4, 2])), 'updates [4, 3] but received [4, 2]'],
  'updates of another type': [() => g.scatterElements(a, whole, whole, { axis: 1 }), 'float32 and int64'],
  'more than there are': [() => g.topK(a, 4), 'k of at most 3'],
  'the largest bytes': [() => g.topK(input([2], 'uint8'), 1), 'for TopK but received uint8'],
  'parts that do not fill an axis': [() => g.split(a, [1, 1], 1), '[2, 3] but received [1, 1]'],
  'a size of half a pixel': [() => g.resize(picture, [1.5, 2], 'nearest'), 'a size but received 1.5'],
  'a resize of a matrix': [() => g.resize(a, [2, 2], 'bilinear'), '[N, C, H, W] but received [2, 3]'],
  'a grid of other batches': [() => g.gridSample(picture, input(['M', 2, 2, 2])), '[N, 4, 6, 6] and [M, 2, 2, 2]'],
  'bounds the wrong way round': [() => g.clamp(a, 1, 0), '1 and 0'],
  'an order of truth values': [() => g.greater(g.greater(a, 0), g.greater(a, 1)), 'for Greater but received bool'],
  'a fraction beside integers': [() => g.equal(whole, 0.5), 'beside int64 but received 0.5'],
  'a condition of numbers': [() => g.where(a, a, a), 'bool for Where but received float32'],
  'a choice of two numbers': [() => g.where(g.greater(a, 0), 0, 1), 'two numbers'],
  'numbers that are not true or false': [() => g.logicalNot(a), 'bool for Not but received float32'],
  'a gradient of a resize of named sides': [
    () =>
      g.gradients(g.reduceSum(g.resize(input([1, 1, 'H', 2]), [2, 2], 'bilinear'), [0, 1, 2, 3]), [
        graph.inputs.get(`x${graph.inputs.size - 1}`)!,
      ]),
    '[H, 2, 2, 2]',
  ],
  'regions of a matrix': [
    () => g.roiAlign(a, a, whole, { size: [7, 7], scale: 1 }),
    'boxes [R, 4] and images int64 [R] but received [2, 3], [2, 3], [2, 3]',
  ],
  'a gradient of regions without weights': [
    () => {
      const map = input([1, 2, 8, 8]);
      const regions = g.roiAlign(map, input([3, 4]), input([3], 'int64'), { size: [2, 2], scale: 1 });
      g.gradients(g.reduceSum(regions, [0, 1, 2, 3]), [map]);
    },
    'weights for the gradient of roiAlign but received none',
  ],
  'a box of a picture that is not there': [
    () => g.roiWeights({ boxes: [0, 0, 1, 1], images: [1], maps: [1, 4, 4], size: [2, 2], scale: 1 }),
    'one of 1 pictures, or -1, for box 0 but received 1',
  ],
  'a box without end': [
    () => g.roiWeights({ boxes: [0, 0, Infinity, 1], images: [0], maps: [1, 4, 4], size: [2, 2], scale: 1 }),
    'received Infinity x 1',
  ],
  'a type nothing converts to': [() => g.cast(a, 'bool'), 'bool'],
  'a picture of another rank': [() => g.conv(a, input([1, 4, 3, 3]), null), '[2, 3]'],
  'another number of channels': [() => g.conv(picture, input([1, 3, 3, 3]), null), '[N, 3, H, W]'],
  'an oblong kernel': [() => g.conv(picture, input([1, 4, 3, 1]), null), '[1, 4, 3, 1]'],
  'filters that do not divide into groups': [() => g.conv(picture, input([3, 2, 3, 3]), null, { groups: 2 }), 'divisible by 2'],
  'a bias of another length': [() => g.conv(picture, input([2, 4, 3, 3]), input([3])), 'bias [2] but received [3]'],
  'a window larger than the picture': [() => g.conv(picture, input([1, 4, 9, 9]), null), 'result of Conv'],
  'a stride of 0': [() => g.conv(picture, input([1, 4, 3, 3]), null, { stride: 0 }), 'stride but received 0'],
  'half a pixel of padding': [() => g.conv(picture, input([1, 4, 2, 2]), null, { padding: 0.5 }), 'padding but received 0.5'],
  'a pool of padding alone': [() => g.averagePool(picture, { kernel: 2, stride: 2, padding: 2 }), 'kernel of 2 but received 2'],
  'a pool of a matrix': [() => g.averagePool(a, { kernel: 2, stride: 2, padding: 0 }), '[2, 3]'],
  'heads that do not divide': [() => g.attention(input(['N', 4, 12]), 3), '3 heads but received [N, 4, 12]'],
  'a layer of unknown width': [() => g.linear(new g.Parameters(graph).root, input([2, 'N']), 3), '[2, N]'],
  'an even kernel of a layer': [() => g.conv2d(new g.Parameters(graph).root.at('even'), picture, 4, { kernel: 2 }), '0.5'],
  'one parameter in two shapes': [
    () => {
      const { root } = new g.Parameters(graph);
      root.get('w', [2, 3]);
      root.get('w', [3, 2]);
    },
    '"w" but the model asks for [2, 3] and [3, 2]',
  ],
  'a loss of several elements': [() => g.gradients(a, [a]), '[2, 3]'],
  'a gradient for integers': [() => g.gradients(g.reshape(g.reduceSum(a, [0, 1]), []), [whole]), 'received int64'],
  'a gradient through the smaller of two': [
    () => g.gradients(g.reduceSum(g.minimum(a, 1), [0, 1]), [a]),
    'rule for input 0 of Min but it has none',
  ],
  'a gradient that no path reaches': [() => g.gradients(g.reduceSum(g.stopGradient(a), [0, 1]), [a]), 'depend on "x0"'],
  'a gradient past an integer': [() => g.gradients(g.reduceSum(g.cast(g.cast(a, 'int32'), 'float32'), [0, 1]), [a]), 'depend on "x0"'],
  'a seed of another shape': [() => g.gradients([a], [a], [input([3, 2])]), 'float32 [2, 3] for output 0 but received float32 [3, 2]'],
  'a seed of another type': [() => g.gradients([a], [a], [whole]), 'but received int64 [2, 3]'],
  'a seed too many': [() => g.gradients([a], [a], [a, a]), 'each of 1 outputs but received 2'],
  'nothing to differentiate': [() => g.gradients([], [a]), 'none'],
  'a gradient at a result without rules': [
    () => {
      const outputs = [0, 1].map(() => ({ dtype: 'float32' as const, shape: [2, 3] }));
      const twins = graph.apply({ op: 'Twins', inputs: [a], outputs, gradient: [(dy) => dy] });
      g.gradients(g.reduceSum(twins[1]!, [0, 1]), [a]);
    },
    'below 1 of Twins but one arrives at result 1',
  ],
  'a result with a name that nothing bears': [() => graph.node({ op: 'Odd', inputs: [a], dtype: 'float32', shape: ['K'] }), '"K" in [K]'],
  'a name brought in twice': [
    () => graph.apply({ op: 'NonZero', inputs: [a], outputs: [{ dtype: 'int64', shape: [2, 'N'] }], introduces: ['N'] }),
    'NonZero but "N" is in use',
  ],
  'a filter gradient over an open batch': [
    () => {
      const weight = input([1, 4, 6, 6]);
      g.gradients(g.reduceSum(g.conv(picture, weight, null), [0, 1, 2, 3]), [weight]);
    },
    'fixed extents',
  ],
  'a training without parameters': [
    () => g.addTrainingStep(input([]), new Map(), { ...options, schedule: { peak: 1, warmupSteps: 1, totalSteps: 2 } }),
    'at least one gradient',
  ],
  'a norm of 0': [() => g.clipGradients([a], 0), 'received 0'],
  'a graph without outputs': [() => g.toOnnx(new g.Graph('empty')), '"empty" to have outputs'],
  'a value of another graph': [
    () => g.add(a, new g.Graph('second').input('c', 'float32', [3])),
    '"errors" in Add but received "c" of another',
  ],
  'an output of another graph': [() => graph.output('y', new g.Graph('second').input('c', 'float32', [3])), 'output "y"'],
  'an input name in use': [() => graph.input('x0', 'float32', [1]), '"x0" is an input'],
  'an output named like an input': [() => graph.output('x0', g.exp(a)), '"x0" is an input'],
  'a weight named like an input': [() => graph.initializer('x0', tensor('float32', [1])), '"x0" is an input'],
  'no name': [() => graph.output('', a), 'an empty one'],
};

describe('tells the user what is wrong', () => {
  for (const [name, [mistake, told]] of Object.entries(mistakes)) {
    it(name, () => {
      let error: unknown;
      try {
        mistake();
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(VitaminError);
      expect(['USAGE', 'UNSUPPORTED']).toContain((error as VitaminError).code);
      expect((error as VitaminError).message).toMatch(/^Expected .* but /);
      expect((error as VitaminError).message).toContain(told);
    });
  }
});

it('refuses more embedded weights than a file can hold', () => {
  const large = new g.Graph('large');
  // A length without memory behind it: only the size is looked at.
  const data = Object.create(Float32Array.prototype, { byteLength: { value: 2 ** 31 } }) as Float32Array;
  const weight: Tensor = { dtype: 'float32', shape: [2 ** 29], data };
  large.output('y', g.exp(large.initializer('w', weight)));
  expect(() => g.toOnnx(large)).toThrow(/2147483648/);
});
