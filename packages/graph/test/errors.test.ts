import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { totalOf } from './operators/row.ts';

const graph = new g.Graph('errors');
const input = (shape: g.Shape, dtype: 'float32' | 'float16' | 'int64' | 'uint8' = 'float32'): g.Value =>
  graph.input(`x${graph.inputs.size}`, dtype, shape);
const a = input([2, 3]);
const whole = input([2, 3], 'int64');
const picture = input(['N', 4, 6, 6]);
const options = { beta1: 0.9, beta2: 0.98, eps: 1e-6, weightDecay: 0, clipNorm: 1 };

/** What a user may get wrong, and what the message must tell. */
const mistakes: Record<string, [mistake: () => unknown, told: string]> = {
  'a fraction of an extent': [() => input([2.5]), '[2.5]'],
  'an empty extent': [() => input([0, 3]), '[0, 3]'],
  'a name that is a number': [() => input(['8', 3]), '[8, 3]'],
  'an input of a type that cannot be fed': [() => graph.input('b', 'bfloat16', [2]), 'input "b" but received bfloat16'],
  'a layer of unknown width': [() => g.linear(new g.Parameters(graph).root, input([2, 'N']), 3), '[2, N]'],
  'an even kernel of a layer': [() => g.conv2d(new g.Parameters(graph).root.at('even'), picture, 4, { kernel: 2 }), '0.5'],
  'a window that is no number': [() => g.conv2d(new g.Parameters(graph).root, picture, 4, { kernel: '3' as never }), 'the kernel'],
  'groups that do not divide the channels': [
    () => g.conv2d(new g.Parameters(graph).root, picture, 4, { kernel: 1, groups: 3 }),
    'divide 4 channels but received 3',
  ],
  'groups of another word': [
    () => g.conv2d(new g.Parameters(graph).root, picture, 4, { kernel: 1, groups: 'all' as never }),
    'the groups but received all',
  ],
  'outputs that do not divide into groups': [
    () => g.convTranspose2d(new g.Parameters(graph).root, picture, 3, { kernel: 2, groups: 2 }),
    'divide into 2 groups but received 3',
  ],
  'one parameter in two shapes': [
    () => {
      const { root } = new g.Parameters(graph);
      root.get('w', [2, 3]);
      root.get('w', [3, 2]);
    },
    '"w" but the model asks for [2, 3] and [3, 2]',
  ],
  'a loss of several elements': [() => g.gradients(a, [a]), '[2, 3]'],
  'a gradient for integers': [() => g.gradients(totalOf(a), [whole]), 'received int64'],
  'a gradient without a rule': [
    () => g.gradients(totalOf(graph.node({ op: 'Odd', inputs: [a], dtype: 'float32', shape: [2, 3] })), [a]),
    'rule for input 0 of Odd but it has none',
  ],
  'a seed of another shape': [() => g.gradients([a], [a], [input([3, 2])]), 'float32 [2, 3] for output 0 but received float32 [3, 2]'],
  'a seed of another type': [() => g.gradients([a], [a], [whole]), 'but received int64 [2, 3]'],
  'a seed too many': [() => g.gradients([a], [a], [a, a]), 'each of 1 outputs but received 2'],
  'nothing to differentiate': [() => g.gradients([], [a]), 'none'],
  'a gradient at a result without rules': [
    () => {
      const outputs = [0, 1].map(() => ({ dtype: 'float32' as const, shape: [2, 3] }));
      const twins = graph.apply({ op: 'Twins', inputs: [a], outputs, gradient: [(dy) => dy] });
      g.gradients(totalOf(twins[1]!), [a]);
    },
    'below 1 of Twins but one arrives at result 1',
  ],
  'a result with a name that nothing bears': [() => graph.node({ op: 'Odd', inputs: [a], dtype: 'float32', shape: ['K'] }), '"K" in [K]'],
  'a name brought in twice': [
    () => graph.apply({ op: 'NonZero', inputs: [a], outputs: [{ dtype: 'int64', shape: [2, 'N'] }], introduces: ['N'] }),
    'NonZero but "N" is in use',
  ],
  'a training without parameters': [() => g.addTrainingStep(input([]), new Map(), options), 'at least one gradient'],
  'a parameter without a gradient': [() => g.addUpdate(new Map([['a', a]]), [], options), 'each of 1 parameters but received 0'],
  'a cosine that ends before it begins': [() => g.cosineRate(1, { from: 5, to: 5 }), '5 to 5'],
  'a warm-up without steps': [() => g.warmUp(g.constantRate(1), { steps: 0 }), 'received 0 and 0'],
  'a norm of 0': [() => g.clipGradients([a], 0), 'received 0'],
  'a graph without outputs': [() => g.toOnnx(new g.Graph('empty')), '"empty" to have outputs'],
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

it('names the running statistics of a batch norm that would be learned', () => {
  const own = new g.Graph('statistics');
  const { root } = new g.Parameters(own, { trainable: () => true });
  const x = own.input('x', 'float32', ['N', 4, 'h', 'w']);
  expect(() => g.batchNorm(root.at('bn'), x, { training: true })).toThrow(
    /running statistics that are not learned but `trainable` names bn\.running_mean/,
  );
});
