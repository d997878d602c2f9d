import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Attributes } from '../attributes.ts';
import { pad } from './layout.ts';
import { matmul } from './products.ts';
import { type Operator, operator, reshaped, type Tf, type TfTensor } from './operator.ts';

/** For rows and for columns. */
type Both = readonly [number, number];

/** The same as TensorFlow.js wants it. */
type Pair = [number, number];

/** TensorFlow.js's types count the axes, which is known here only when a model runs. */
type FourAxes = Tensor4D;

interface Window {
  readonly stride: Both;
  readonly dilation: Both;
  /** Zeros before and after, for rows and for columns. */
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
}

function windowOf(attributes: Attributes): Window {
  attributes.only('auto_pad', 'NOTSET');
  const both = (name: string): Both => (attributes.numbers(name) ?? [1, 1]) as Both;
  const [top, left, bottom, right] = attributes.numbers('pads') ?? [0, 0, 0, 0];
  return {
    stride: both('strides'),
    dilation: both('dilations'),
    pads: [
      [top!, bottom!],
      [left!, right!],
    ],
  };
}

/** The picture is padded first, always: 'same' of TensorFlow.js puts the odd row at the end, where PyTorch has it at the start. */
const framed = (tf: Tf, x: TfTensor, [rows, columns]: Window['pads'], filler = 0): TfTensor =>
  [...rows, ...columns].some((amount) => amount > 0) ? pad(tf, x, [[0, 0], [0, 0], [...rows], [...columns]], filler) : x;

/** TensorFlow.js's windows want channels last. */
const channelsLast = (tf: Tf, x: TfTensor): TfTensor => tf.transpose(x, [0, 2, 3, 1]);
const channelsFirst = (tf: Tf, x: TfTensor): TfTensor => tf.transpose(x, [0, 3, 1, 2]);

/** Puts step - 1 zeros between neighbors along rows or columns: [a, b] becomes [a, 0, b]. */
function spaced(tf: Tf, x: TfTensor, axis: 2 | 3, step: number): TfTensor {
  if (step === 1) return x;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const inner = axis === 2 ? w : 1;
  const apart = tf.pad(reshaped(tf, x, [-1, 1, inner]), [
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  const shape = axis === 2 ? [n, c, h * step, w] : [n, c, h, w * step];
  return tf.slice(reshaped(tf, apart, shape), [0, 0, 0, 0], shape.with(axis, (x.shape[axis]! - 1) * step + 1));
}

/** x [N, C, H, W], weight [O, C/groups, kh, kw]. */
function conv(tf: Tf, x: TfTensor, weight: TfTensor, { stride, dilation, pads }: Window, groups: number): TfTensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [o, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  const isPlain = [...stride, kh, kw].every((side) => side === 1) && pads.flat().every((amount) => amount === 0);
  // A product over channels needs no other layout.
  if (groups === 1 && isPlain)
    return reshaped(tf, matmul(tf, reshaped(tf, weight, [1, o, c]), reshaped(tf, x, [n, c, h * w])), [n, o, h, w]);
  if (dilation.some((side) => side > 1) && stride.some((side) => side > 1)) {
    // TensorFlow.js takes no strides beside dilations: the zeros go into the filter.
    const wide = spaced(tf, spaced(tf, weight, 2, dilation[0]), 3, dilation[1]);
    return conv(tf, x, wide, { stride, dilation: [1, 1], pads }, groups);
  }
  const picture = channelsLast(tf, framed(tf, x, pads));
  const [strides, dilations] = [[...stride] as Pair, [...dilation] as Pair];
  if (perGroup === 1 && groups === c) {
    const filter = tf.transpose(reshaped(tf, weight, [c, o / c, kh, kw]), [2, 3, 0, 1]);
    return channelsFirst(tf, tf.depthwiseConv2d(picture as FourAxes, filter as FourAxes, strides, 'valid', 'NHWC', dilations));
  }
  const parts = tf.split(weight, groups, 0).map((part, group) => {
    const filter = tf.transpose(part, [2, 3, 1, 0]);
    const own = groups === 1 ? picture : tf.slice(picture, [0, 0, 0, group * perGroup], picture.shape.with(3, perGroup));
    return tf.conv2d(own as FourAxes, filter as FourAxes, strides, 'valid', 'NHWC', dilations);
  });
  return channelsFirst(tf, tf.concat(parts, 3));
}

/**
 * x [N, C, H, W], weight [C, O/groups, kh, kw]: zeros between the pixels, then a plain convolution with the turned weight. Unlike `tf.conv2dTranspose` this
 * takes dilations, output padding and groups, on every backend.
 */
function convTranspose(tf: Tf, x: TfTensor, weight: TfTensor, window: Window, groups: number, more: Both): TfTensor {
  const { stride, dilation, pads } = window;
  const [c, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  let wide = spaced(tf, spaced(tf, x, 2, stride[0]), 3, stride[1]);
  const frame = ([kh, kw] as const).map((side, axis): Pair => {
    const reach = (side - 1) * dilation[axis]!;
    return [reach - pads[axis]![0], reach - pads[axis]![1] + more[axis]!];
  });
  // Where the padding is wider than the filter reaches, rows are cut off instead.
  const cut = frame.map((pair) => pair.map((amount) => Math.max(-amount, 0)) as Pair);
  const begin = [0, 0, cut[0]![0], cut[1]![0]];
  wide = tf.slice(
    wide,
    begin,
    wide.shape.map((extent, axis) => (axis < 2 ? extent : extent - cut[axis - 2]![0] - cut[axis - 2]![1])),
  );
  const grouped = tf.transpose(reshaped(tf, weight, [groups, c / groups, perGroup, kh * kw]), [0, 2, 1, 3]);
  const turned = tf.reverse(reshaped(tf, grouped, [groups * perGroup, c / groups, kh, kw]), [2, 3]);
  const rest = frame.map((pair) => pair.map((amount) => Math.max(amount, 0))) as unknown as Window['pads'];
  return conv(tf, wide, turned, { stride: [1, 1], dilation, pads: rest }, groups);
}

const withBias = (tf: Tf, y: TfTensor, bias: TfTensor | undefined): TfTensor => (bias ? tf.add(y, reshaped(tf, bias, [-1, 1, 1])) : y);

const pooling = (pool: (tf: Tf, x: TfTensor, kernel: Pair, window: Window) => TfTensor): Operator =>
  operator<[TfTensor]>((tf, attributes) => {
    const window = windowOf(attributes);
    const kernel = attributes.numbers('kernel_shape') ?? [1, 1];
    attributes.only('count_include_pad', 0);
    attributes.only('ceil_mode', 0);
    if (window.dilation.some((side) => side > 1)) attributes.only('dilations', [1, 1]);
    return (x) => pool(tf, x, [...kernel] as Pair, window);
  });

/** The mean of the pixels that are there, not of the padding. */
function averagePool(tf: Tf, x: TfTensor, kernel: Pair, { stride, pads }: Window): TfTensor {
  const mean = (picture: TfTensor): TfTensor =>
    channelsFirst(tf, tf.avgPool(channelsLast(tf, framed(tf, picture, pads)) as FourAxes, kernel, [...stride] as Pair, 'valid'));
  if (pads.flat().every((amount) => amount === 0)) return mean(x);
  return tf.div(mean(x), mean(tf.ones([1, 1, ...x.shape.slice(2)])));
}

/** Convolutions and pooling of pictures [N, C, H, W]. */
export const windows: Readonly<Record<string, Operator>> = {
  Conv: operator<[TfTensor, TfTensor, TfTensor | undefined]>((tf, attributes) => {
    const [window, groups] = [windowOf(attributes), attributes.number('group', 1)];
    attributes.numbers('kernel_shape'); // the weight says it too
    return (x, weight, bias) => withBias(tf, conv(tf, x, weight, window, groups), bias);
  }),
  ConvTranspose: operator<[TfTensor, TfTensor, TfTensor | undefined]>((tf, attributes) => {
    const [window, groups] = [windowOf(attributes), attributes.number('group', 1)];
    const more = (attributes.numbers('output_padding') ?? [0, 0]) as Both;
    attributes.numbers('kernel_shape');
    return (x, weight, bias) => withBias(tf, convTranspose(tf, x, weight, window, groups, more), bias);
  }),
  MaxPool: pooling((tf, x, kernel, { stride, pads }) => {
    const picture = channelsLast(tf, framed(tf, x, pads, -Infinity)) as FourAxes;
    return channelsFirst(tf, tf.maxPool(picture, kernel, [...stride] as Pair, 'valid'));
  }),
  AveragePool: pooling(averagePool),
};
