import { axisOf, indices, integersOf, type Operator, operator, type Tf, type TfTensor } from './operator.ts';

/** Places and shares of the two pixels around a sample; none for one that lies outside. */
type Taps = readonly [low: number, high: number, share: number] | undefined;

/** One axis of a region: the samples of each bin, spread evenly. A region of no extent has none. */
function tapsOf(start: number, length: number, bins: number, sampling: number, extent: number): Taps[][] {
  const count = sampling > 0 ? sampling : Math.ceil(length / bins);
  return indices(bins).map((bin) =>
    indices(Math.max(count, 0)).map((i): Taps => {
      const at = start + ((bin + (i + 0.5) / count) * length) / bins;
      if (at < -1 || at > extent) return undefined;
      const low = Math.min(Math.floor(Math.max(at, 0)), extent - 1);
      return low === extent - 1 ? [low, low, 0] : [low, low + 1, Math.max(at, 0) - low];
    }),
  );
}

interface Bins {
  readonly size: readonly [number, number];
  readonly scale: number;
  readonly sampling: number;
}

/**
 * Means of bilinear samples in the bins of regions. TensorFlow.js has no such kernel (`cropAndResize` takes one sample, elsewhere), and what is
 * gathered differs from region to region, so this runs in JavaScript on the host, on whichever backend the rest runs.
 */
function roiAlign(tf: Tf, x: TfTensor, boxes: TfTensor, images: TfTensor, { size, scale, sampling }: Bins): TfTensor {
  const [, c, h, w] = x.shape as [number, number, number, number];
  const [pixels, places, pictures] = [x.dataSync(), boxes.dataSync(), integersOf(images)];
  const [rows, columns] = size;
  const out = new Float32Array(pictures.length * c * rows * columns);
  let next = 0;
  pictures.forEach((picture, region) => {
    const [left, top, right, bottom] = Array.from(places.subarray(region * 4, region * 4 + 4), (place) => place * scale - 0.5) as [
      number,
      number,
      number,
      number,
    ];
    const lines = tapsOf(top, bottom - top, rows, sampling, h);
    const across = tapsOf(left, right - left, columns, sampling, w);
    for (let channel = 0; channel < c; channel++) {
      const plane = (picture * c + channel) * h * w;
      const at = (line: number, column: number): number => pixels[plane + line * w + column]!;
      for (const line of lines) for (const column of across) out[next++] = meanOf(line, column, at);
    }
  });
  return tf.tensor(out, [pictures.length, c, rows, columns]);
}

function meanOf(lines: readonly Taps[], columns: readonly Taps[], at: (line: number, column: number) => number): number {
  let sum = 0;
  for (const y of lines) {
    if (!y) continue;
    for (const x of columns) {
      if (!x) continue;
      const [upper, lower] = [at(y[0], x[0]) * (1 - x[2]) + at(y[0], x[1]) * x[2], at(y[1], x[0]) * (1 - x[2]) + at(y[1], x[1]) * x[2]];
      sum += upper * (1 - y[2]) + lower * y[2];
    }
  }
  return sum / Math.max(lines.length * columns.length, 1);
}

type Corners = readonly [top: number, left: number, bottom: number, right: number];

/** Any two opposite corners, put in order. */
function cornersOf(data: ArrayLike<number>, box: number): Corners {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => data[box * 4 + i]!) as [number, number, number, number];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

function overlapOf(a: Corners, b: Corners): number {
  const area = ([top, left, bottom, right]: Corners): number => (bottom - top) * (right - left);
  const height = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const width = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (height <= 0 || width <= 0) return 0;
  return (height * width) / (area(a) + area(b) - height * width);
}

/**
 * The boxes of each picture and class that no better one of the class covers, as [picture, class, box]. On the host: how many there will be is known only
 * at the end, and TensorFlow.js's kernel takes one class at a time.
 */
function nonMaxSuppression(tf: Tf, boxes: TfTensor, scores: TfTensor, most: number, overlap: number, least: number): TfTensor {
  const [n, classes, count] = scores.shape as [number, number, number];
  const [places, values] = [boxes.dataSync(), scores.dataSync()];
  const kept: number[] = [];
  for (let picture = 0; picture < n; picture++) {
    const corners = indices(count).map((box) => cornersOf(places, picture * count + box));
    for (let label = 0; label < classes; label++) {
      const score = (box: number): number => values[(picture * classes + label) * count + box]!;
      const chosen: number[] = [];
      for (const box of indices(count)
        .filter((i) => score(i) > least)
        .toSorted((a, b) => score(b) - score(a))) {
        if (chosen.length === most) break;
        if (chosen.every((other) => overlapOf(corners[other]!, corners[box]!) <= overlap)) chosen.push(box);
      }
      for (const box of chosen) kept.push(picture, label, box);
    }
  }
  return tf.tensor2d(kept, [kept.length / 3, 3], 'int32');
}

function topK(tf: Tf, x: TfTensor, k: number, axis: number): readonly [TfTensor, TfTensor] {
  const last = x.rank - 1;
  const order = indices(x.rank).map((i) => (i === axis ? last : i === last ? axis : i));
  const swapped = (y: TfTensor): TfTensor => (axis === last ? y : tf.transpose(y, order));
  const { values, indices: places } = tf.topk(swapped(x), k, true);
  return [swapped(values), swapped(places)];
}

const numberOf = (x: TfTensor | undefined, otherwise: number): number => x?.dataSync()[0] ?? otherwise;

/** Choosing the best, and regions of pictures. */
export const regions: Readonly<Record<string, Operator>> = {
  ArgMax: operator<[TfTensor]>((tf, attributes) => {
    const [axis, keep] = [attributes.number('axis', 0), attributes.number('keepdims', 1) === 1];
    attributes.only('select_last_index', 0);
    return (x) => {
      const y = tf.argMax(x, axisOf(axis, x));
      return keep ? tf.expandDims(y, axisOf(axis, x)) : y;
    };
  }),
  TopK: operator<[TfTensor, TfTensor]>((tf, attributes) => {
    const axis = attributes.number('axis', -1);
    attributes.only('largest', 1);
    attributes.only('sorted', 1);
    return (x, k) => topK(tf, x, integersOf(k)[0]!, axisOf(axis, x));
  }),
  RoiAlign: operator<[TfTensor, TfTensor, TfTensor]>((tf, attributes) => {
    attributes.only('coordinate_transformation_mode', 'half_pixel');
    attributes.only('mode', 'avg');
    const bins: Bins = {
      size: [attributes.number('output_height', 1), attributes.number('output_width', 1)],
      scale: attributes.number('spatial_scale', 1),
      sampling: attributes.number('sampling_ratio', 0),
    };
    return (x, boxes, images) => roiAlign(tf, x, boxes, images, bins);
  }),
  NonMaxSuppression: operator<[TfTensor, TfTensor, TfTensor | undefined, TfTensor | undefined, TfTensor | undefined]>((tf, attributes) => {
    attributes.only('center_point_box', 0);
    return (boxes, scores, most, overlap, least) =>
      nonMaxSuppression(tf, boxes, scores, numberOf(most, 0), numberOf(overlap, 0), numberOf(least, -Infinity));
  }),
};
