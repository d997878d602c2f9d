import { axisOf, indices, integersOf, type Operator, operator, type Tf, type TfTensor } from './operator.ts';

/** 0 keeps the extent of x, one -1 is worked out. */
function reshape(tf: Tf, x: TfTensor, target: readonly number[]): TfTensor {
  return tf.reshape(
    x,
    target.map((extent, axis) => (extent === 0 ? x.shape[axis]! : extent)),
  );
}

/** Broadcasting of x and a shape, both ways. */
function expand(tf: Tf, x: TfTensor, target: readonly number[]): TfTensor {
  const rank = Math.max(x.rank, target.length);
  const shape = indices(rank).map((axis) => Math.max(x.shape[axis - rank + x.rank] ?? 1, target[axis - rank + target.length] ?? 1));
  return tf.broadcastTo(x, shape);
}

/** x[start:end:step] along one axis, where places may be negative or beyond the end, as ONNX and Python have it. */
function sliceAxis(tf: Tf, x: TfTensor, axis: number, [start, end, step]: readonly [number, number, number]): TfTensor {
  const extent = x.shape[axis]!;
  const place = (at: number, least: number, most: number): number => Math.min(Math.max(at < 0 ? at + extent : at, least), most);
  const along = (value: number): number[] => x.shape.map((_, i) => (i === axis ? value : 0));
  const part = (from: number, size: number): TfTensor => tf.slice(x, along(from), x.shape.with(axis, size));
  const [from, to] =
    step > 0 ? [place(start, 0, extent), place(end, 0, extent)] : [place(start, -1, extent - 1), place(end, -1, extent - 1)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (step === 1) return part(from, count);
  if (step === -1) return tf.reverse(part(from - count + 1, count), axis);
  const places = tf.tensor1d(
    indices(count).map((i) => from + i * step),
    'int32',
  );
  return tf.gather(x, places, axis);
}

function slice(tf: Tf, x: TfTensor, starts: TfTensor, ends: TfTensor, axes?: TfTensor, steps?: TfTensor): TfTensor {
  const [from, to] = [integersOf(starts), integersOf(ends)];
  const along = axes ? integersOf(axes) : indices(from.length);
  const by = steps ? integersOf(steps) : from.map(() => 1);
  return along.reduce((part, axis, i) => sliceAxis(tf, part, axisOf(axis, x), [from[i]!, to[i]!, by[i]!]), x);
}

/** Shapes and the order of elements. */
export const layout: Readonly<Record<string, Operator>> = {
  Shape: operator<[TfTensor]>((tf, attributes) => {
    const [start, end] = [attributes.number('start', 0), attributes.number('end', Infinity)];
    return (x) => tf.tensor1d(x.shape.slice(start, end), 'int32');
  }),
  Reshape: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    attributes.only('allowzero', 0);
    return (x, shape) => reshape(tf, x, integersOf(shape));
  }),
  Transpose: operator<[TfTensor]>((tf, attributes) => {
    const order = attributes.numbers('perm');
    return (x) => tf.transpose(x, order && [...order]);
  }),
  Expand: operator<[TfTensor, TfTensor]>((tf) => (x, shape) => expand(tf, x, integersOf(shape))),
  Concat: operator<TfTensor[]>((tf, attributes) => {
    const axis = attributes.number('axis', 0);
    return (...values) => tf.concat(values, axisOf(axis, values[0]!));
  }),
  Split: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    const axis = attributes.number('axis', 0);
    return (x, sizes) => tf.split(x, integersOf(sizes), axisOf(axis, x));
  }),
  Slice: operator<[TfTensor, TfTensor, TfTensor, TfTensor | undefined, TfTensor | undefined]>(
    (tf) =>
      (x, ...places) =>
        slice(tf, x, ...places),
  ),
  Pad: operator<[TfTensor, TfTensor, TfTensor | undefined]>((tf, attributes) => {
    attributes.only('mode', 'constant');
    return (x, amounts, filler) => {
      const sides = integersOf(amounts);
      const pairs = x.shape.map((_, axis): [number, number] => [sides[axis]!, sides[axis + x.rank]!]);
      return pad(tf, x, pairs, filler ? filler.dataSync()[0]! : 0);
    };
  }),
  Range: operator<[TfTensor, TfTensor, TfTensor]>((tf) => (start, limit, delta) => {
    const [from, to, by] = [start, limit, delta].map((x) => x.dataSync()[0]!) as [number, number, number];
    return tf.range(from, to, by, start.dtype as 'int32');
  }),
};

/** Constant padding; the kernels of TensorFlow.js pad no bool. */
export function pad(tf: Tf, x: TfTensor, pairs: readonly [number, number][], filler = 0): TfTensor {
  const padded = tf.pad(x.dtype === 'bool' ? tf.cast(x, 'int32') : x, [...pairs], filler);
  return tf.cast(padded, x.dtype);
}
