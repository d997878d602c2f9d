import type { Attributes } from '../attributes.ts';
import { matmul } from './products.ts';
import { indices, integersOf, type Operator, operator, reshaped, type Tf, type TfTensor } from './operator.ts';

type Resample = (tf: Tf, x: TfTensor, axis: 2 | 3, to: number) => TfTensor;

/** Nearest: one row of x for each row of the result. */
const nearest =
  (source: (to: number, scale: number) => number): Resample =>
  (tf, x, axis, to) => {
    const from = x.shape[axis]!;
    const rows = indices(to).map((i) => Math.min(Math.floor(source(i, from / to)), from - 1));
    return tf.gather(x, tf.tensor1d(rows, 'int32'), axis);
  };

/**
 * Bilinear with half pixels, as a product with a matrix of weights. Not `tf.image.resizeBilinear`: it wants channels last, and its gradient with half
 * pixels is wrong in TensorFlow.js 4.22.
 */
const bilinear: Resample = (tf, x, axis, to) => {
  const from = x.shape[axis]!;
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.max((i + 0.5) * (from / to) - 0.5, 0);
    const low = Math.min(Math.floor(at), from - 1);
    weights[i * from + low]! += 1 - (at - low);
    weights[i * from + Math.min(low + 1, from - 1)]! += at - low;
  }
  const matrix = tf.tensor2d(weights, [to, from]);
  return axis === 2 ? matmul(tf, matrix, x) : matmul(tf, x, tf.transpose(matrix));
};

function resampleOf(attributes: Attributes): Resample {
  const mode = attributes.text('mode', 'nearest');
  const places = attributes.text('coordinate_transformation_mode', 'half_pixel');
  attributes.only('axes', [2, 3]);
  if (mode === 'linear') {
    if (places !== 'half_pixel') attributes.only('coordinate_transformation_mode', 'half_pixel');
    return bilinear;
  }
  if (mode !== 'nearest') attributes.only('mode', 'linear');
  const rounding = attributes.text('nearest_mode', 'round_prefer_floor');
  if (places === 'asymmetric' && rounding === 'floor') return nearest((i, scale) => i * scale);
  // Half up of the middle of a pixel: floor((i + 0.5) · scale - 0.5 + 0.5).
  if (places === 'half_pixel' && rounding === 'round_prefer_ceil') return nearest((i, scale) => (i + 0.5) * scale);
  attributes.only('nearest_mode', 'floor');
  attributes.only('coordinate_transformation_mode', 'asymmetric');
  return bilinear;
}

/** x [N, C, H, W], grid [N, H', W', 2] in [-1, 1]: the four pixels around each place, weighed. Zeros outside. */
function gridSample(tf: Tf, x: TfTensor, grid: TfTensor): TfTensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [, rows, columns] = grid.shape as [number, number, number, number];
  const points = rows * columns;
  const pixels = reshaped(tf, tf.transpose(x, [0, 2, 3, 1]), [n * h * w, c]);
  const first = tf.tensor2d(
    indices(n).map((i) => i * h * w),
    [n, 1],
    'int32',
  );
  const along = (axis: number, extent: number): readonly [low: TfTensor, share: TfTensor] => {
    const unit = reshaped(tf, tf.slice(grid, [0, 0, 0, axis], [n, rows, columns, 1]), [n, points]);
    const at = tf.sub(tf.mul(tf.add(unit, 1), extent / 2), 0.5);
    const low = tf.floor(at);
    return [low, tf.sub(at, low)];
  };
  const [left, right] = along(0, w);
  const [top, bottom] = along(1, h);
  const tap = (y: number, z: number): TfTensor => {
    const [line, column] = [tf.add(top, y), tf.add(left, z)];
    const inside = [tf.greaterEqual(line, 0), tf.less(line, h), tf.greaterEqual(column, 0), tf.less(column, w)].reduce((a, b) =>
      tf.logicalAnd(a, b),
    );
    const share = tf.mul(y === 1 ? bottom : tf.sub(1, bottom), z === 1 ? right : tf.sub(1, right));
    const place = (value: TfTensor, extent: number): TfTensor => tf.cast(tf.clipByValue(value, 0, extent - 1), 'int32');
    const index = tf.add(tf.add(tf.mul(place(line, h), tf.scalar(w, 'int32')), place(column, w)), first);
    return tf.mul(tf.gather(pixels, index), tf.expandDims(tf.where(inside, share, tf.zerosLike(share)), -1));
  };
  const sum = [tap(0, 0), tap(0, 1), tap(1, 0), tap(1, 1)].reduce((a, b) => tf.add(a, b)); // [N, points, C]
  return reshaped(tf, tf.transpose(sum, [0, 2, 1]), [n, c, rows, columns]);
}

/** Reading pictures [N, C, H, W] between their pixels. */
export const sampling: Readonly<Record<string, Operator>> = {
  Resize: operator<[TfTensor, undefined, undefined, TfTensor]>((tf, attributes) => {
    const resample = resampleOf(attributes);
    return (x, _, __, size) => {
      const [height, width] = integersOf(size) as [number, number];
      return resample(tf, resample(tf, x, 2, height), 3, width);
    };
  }),
  GridSample: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    if (attributes.text('mode', 'linear') !== 'linear') attributes.only('mode', 'bilinear'); // the name until operator set 19
    attributes.only('padding_mode', 'zeros');
    attributes.only('align_corners', 0);
    return (x, grid) => gridSample(tf, x, grid);
  }),
};
