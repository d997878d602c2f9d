import { axisOf, indices, integersOf, type Operator, operator, reshaped, type Tf, type TfTensor } from './operator.ts';

type Reduce = (tf: Tf, x: TfTensor, axes: number[], keep: boolean) => TfTensor;

/** The axes are an input, as from operator set 18 on. None of them means all. */
const reduction = (f: Reduce): Operator =>
  operator<[TfTensor, TfTensor | undefined]>((tf, attributes) => {
    const keep = attributes.number('keepdims', 1) === 1;
    attributes.only('noop_with_empty_axes', 0);
    return (x, axes) => f(tf, x, axes ? integersOf(axes).map((axis) => axisOf(axis, x)) : indices(x.rank), keep);
  });

/** (x - mean) / √(variance + ε) over some axes, with what the gradient uses again. */
function normalized(tf: Tf, x: TfTensor, axes: number[], epsilon: number): readonly [y: TfTensor, mean: TfTensor, inverse: TfTensor] {
  const mean = tf.mean(x, axes, true);
  const centered = tf.sub(x, mean);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), axes, true), epsilon));
  return [tf.mul(centered, inverse), mean, inverse];
}

/** [C] beside [N, C, ...]. */
const perChannel = (tf: Tf, value: TfTensor, x: TfTensor): TfTensor => reshaped(tf, value, [-1, ...x.shape.slice(2).map(() => 1)]);

/** Sums and means over axes, and what is made of them. */
export const reductions: Readonly<Record<string, Operator>> = {
  ReduceSum: reduction((tf, x, axes, keep) => tf.sum(x, axes, keep)),
  ReduceMean: reduction((tf, x, axes, keep) => tf.mean(x, axes, keep)),
  ReduceMax: reduction((tf, x, axes, keep) => tf.max(x, axes, keep)),
  Softmax: operator<[TfTensor]>((tf, attributes) => {
    const axis = attributes.number('axis', -1);
    return (x) => tf.softmax(x, axis);
  }),
  LayerNormalization: operator<[TfTensor, TfTensor, TfTensor | undefined]>((tf, attributes) => {
    const [axis, epsilon] = [attributes.number('axis', -1), attributes.number('epsilon', 1e-5)];
    return (x, scale, bias) => {
      const first = axisOf(axis, x);
      const [y, ...statistics] = normalized(tf, x, indices(x.rank).slice(first), epsilon);
      const scaled = tf.mul(y, scale);
      return [bias ? tf.add(scaled, bias) : scaled, ...statistics];
    };
  }),
  InstanceNormalization: operator<[TfTensor, TfTensor, TfTensor]>((tf, attributes) => {
    const epsilon = attributes.number('epsilon', 1e-5);
    return (x, scale, bias) => {
      const [y] = normalized(tf, x, indices(x.rank).slice(2), epsilon);
      return tf.add(tf.mul(y, perChannel(tf, scale, x)), perChannel(tf, bias, x));
    };
  }),
  BatchNormalization: operator<[TfTensor, TfTensor, TfTensor, TfTensor, TfTensor]>((tf, attributes) => {
    attributes.only('training_mode', 0);
    const epsilon = attributes.number('epsilon', 1e-5);
    return (x, ...statistics) => {
      const [scale, bias, mean, variance] = statistics.map((value) => perChannel(tf, value, x)) as [TfTensor, TfTensor, TfTensor, TfTensor];
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), scale), bias);
    };
  }),
};
