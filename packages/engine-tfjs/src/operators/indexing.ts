import { axisOf, indices, type Operator, operator, reshaped, type Tf, type TfTensor } from './operator.ts';

/** Negative indices count from the end. */
function counted(tf: Tf, index: TfTensor, extent: number): TfTensor {
  return tf.where(tf.less(index, tf.scalar(0, 'int32')), tf.add(index, tf.scalar(extent, 'int32')), index);
}

/** [..., k] vectors of places on the first k axes. */
function countedVectors(tf: Tf, vectors: TfTensor, shape: readonly number[]): TfTensor {
  const extents = tf.tensor1d(shape.slice(0, vectors.shape.at(-1)), 'int32');
  return tf.where(tf.less(vectors, tf.scalar(0, 'int32')), tf.add(vectors, extents), vectors);
}

/** For indices that stand beside x, as GatherElements has them: the place of each in x written as one row. */
function flatPlaces(tf: Tf, x: TfTensor, index: TfTensor, axis: number): TfTensor {
  const steps = x.shape.map((_, i) => x.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const own = tf.mul(counted(tf, index, x.shape[axis]!), tf.scalar(steps[axis]!, 'int32'));
  return indices(x.rank).reduce<TfTensor>((sum, i) => {
    if (i === axis) return sum;
    const places = indices(index.shape[i]!).map((at) => at * steps[i]!);
    return tf.add(
      sum,
      tf.tensor(
        places,
        x.shape.map((_, other) => (other === i ? places.length : 1)),
        'int32',
      ),
    );
  }, own);
}

/**
 * x with slices replaced at places [M, k], or added to. Not `tf.tensorScatterUpdate`, which in TensorFlow.js 4.22 writes into its argument on the cpu
 * backend.
 */
function scatter(tf: Tf, x: TfTensor, places: TfTensor, updates: TfTensor, reduction: string): TfTensor {
  const shape = x.shape as [number];
  const sums = tf.scatterND(places, updates, shape);
  if (reduction === 'add') return tf.add(x, sums);
  return tf.where(tf.greater(tf.scatterND(places, tf.onesLike(updates), shape), 0), sums, x);
}

const reductionOf = (attributes: Parameters<Operator>[1]): string => {
  const reduction = attributes.text('reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') attributes.only('reduction', 'none');
  return reduction;
};

/** Reading and writing at places that are known when the graph runs. */
export const indexing: Readonly<Record<string, Operator>> = {
  Gather: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    const axis = attributes.number('axis', 0);
    return (x, index) => {
      const at = axisOf(axis, x);
      return tf.gather(x, counted(tf, index, x.shape[at]!), at);
    };
  }),
  GatherElements: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    const axis = attributes.number('axis', 0);
    return (x, index) => tf.gather(reshaped(tf, x, [-1]), flatPlaces(tf, x, index, axisOf(axis, x)));
  }),
  GatherND: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    attributes.only('batch_dims', 0);
    return (x, vectors) => tf.gatherND(x, countedVectors(tf, vectors, x.shape));
  }),
  ScatterElements: operator<[TfTensor, TfTensor, TfTensor]>((tf, attributes) => {
    const [axis, reduction] = [attributes.number('axis', 0), reductionOf(attributes)];
    return (x, index, updates) => {
      const places = reshaped(tf, flatPlaces(tf, x, index, axisOf(axis, x)), [-1, 1]);
      return reshaped(tf, scatter(tf, reshaped(tf, x, [-1]), places, reshaped(tf, updates, [-1]), reduction), x.shape);
    };
  }),
  ScatterND: operator<[TfTensor, TfTensor, TfTensor]>((tf, attributes) => {
    const reduction = reductionOf(attributes);
    return (x, vectors, updates) => {
      const depth = vectors.shape.at(-1)!;
      const places = reshaped(tf, countedVectors(tf, vectors, x.shape), [-1, depth]);
      return scatter(tf, x, places, reshaped(tf, updates, [-1, ...x.shape.slice(depth)]), reduction);
    };
  }),
};
