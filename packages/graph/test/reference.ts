import { sizeOf } from '@vitamin-vlm/core';

/** Numbers in row-major order: what an operator is expected to give, worked out with plain loops in float64. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type Index = readonly number[];

/** The element at an index. Axes of extent 1 repeat and missing leading axes are ignored, as in broadcasting. */
export function at({ shape, data }: Reference, index: Index): number {
  const extra = index.length - shape.length;
  return data[shape.reduce((flat, extent, axis) => flat * extent + (extent === 1 ? 0 : index[axis + extra]!), 0)]!;
}

/** Fills a shape by a function of the index. */
export function build(shape: readonly number[], value: (index: number[]) => number): Reference {
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => value(unflatten(flat, shape)));
  return { shape, data };
}

function unflatten(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const extent of shape.toReversed()) {
    index.unshift(flat % extent);
    flat = Math.floor(flat / extent);
  }
  return index;
}

export const sum = (count: number, term: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => term(i)).reduce((total, value) => total + value, 0);

/** The values along one axis through an index. */
export const along = (x: Reference, axis: number, index: Index): number[] =>
  Array.from({ length: x.shape[axis]! }, (_, i) => at(x, index.with(axis, i)));

export const map = (x: Reference, f: (value: number) => number): Reference => ({ shape: x.shape, data: Array.from(x.data, f) });

export function binary(a: Reference, b: Reference, f: (x: number, y: number) => number): Reference {
  const rank = Math.max(a.shape.length, b.shape.length);
  const extent = (x: Reference, axis: number): number => x.shape[axis - rank + x.shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(extent(a, axis), extent(b, axis)));
  return build(shape, (index) => f(at(a, index), at(b, index)));
}

/** Power series; good to 1e-12 for |x| < 3. */
export function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

export function matmul(a: Reference, b: Reference): Reference {
  const lead = binary(
    { shape: a.shape.slice(0, -2), data: new Float64Array(sizeOf(a.shape)) },
    { shape: b.shape.slice(0, -2), data: new Float64Array(sizeOf(b.shape)) },
    () => 0,
  ).shape;
  return build([...lead, a.shape.at(-2)!, b.shape.at(-1)!], (index) => {
    const [row, column] = index.slice(-2) as [number, number];
    const before = index.slice(0, -2);
    return sum(a.shape.at(-1)!, (k) => at(a, [...before, row, k]) * at(b, [...before, k, column]));
  });
}

export function swap(x: Reference): Reference {
  return build([...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!], (index) =>
    at(x, [...index.slice(0, -2), index.at(-1)!, index.at(-2)!]),
  );
}

export function reduce(x: Reference, axes: readonly number[], f: (values: number[]) => number): Reference {
  const rest = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  return build(
    x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
    (index) =>
      f(
        Array.from(
          build(rest, (offset) =>
            at(
              x,
              index.map((i, axis) => i + offset[axis]!),
            ),
          ).data,
        ),
      ),
  );
}

type Both = readonly [number, number];

export interface Window {
  readonly kernel: Both;
  readonly stride: Both;
  readonly padding: Both;
  readonly dilation: Both;
}

/** Kernel positions (ky, kx) of a window and the pixel (y, x) each one meets, those in the padding left out. */
function pixels(
  shape: readonly number[],
  row: number,
  column: number,
  { kernel, stride, padding, dilation }: Window,
): [number, number, number, number][] {
  const met: [number, number, number, number][] = [];
  for (let ky = 0; ky < kernel[0]; ky++)
    for (let kx = 0; kx < kernel[1]; kx++) {
      const [y, x] = [row * stride[0] - padding[0] + ky * dilation[0], column * stride[1] - padding[1] + kx * dilation[1]];
      if (y >= 0 && x >= 0 && y < shape[2]! && x < shape[3]!) met.push([ky, kx, y, x]);
    }
  return met;
}

const windows = (extent: number, { kernel, stride, padding, dilation }: Window, axis: 0 | 1): number =>
  Math.floor((extent + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;

export function conv(x: Reference, weight: Reference, bias: Reference, groups: number, window: Window): Reference {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const o = weight.shape[0]!;
  return build([n, o, windows(h, window, 0), windows(w, window, 1)], (index) => {
    const [image, out, row, column] = index as [number, number, number, number];
    const first = Math.floor(out / (o / groups)) * (c / groups);
    const met = pixels(x.shape, row, column, window);
    const product = (i: number): number =>
      met.reduce((total, [ky, kx, py, px]) => total + at(x, [image, first + i, py, px]) * at(weight, [out, i, ky, kx]), 0);
    return bias.data[out]! + sum(c / groups, product);
  });
}

/** Every pixel of x adds its weighted window onto the result. */
export function convTranspose(x: Reference, weight: Reference, bias: Reference, groups: number, window: Window, more: Both): Reference {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const perGroup = weight.shape[1]!;
  const { kernel, stride, padding, dilation } = window;
  const side = (extent: number, axis: 0 | 1): number =>
    (extent - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + more[axis];
  const shape = [n, perGroup * groups, side(h, 0), side(w, 1)];
  const y = { shape, data: Float64Array.from(build(shape, ([, out]) => bias.data[out!]!).data) };
  const flat = (index: Index): number => index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0);
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let i = 0; i < perGroup; i++)
        for (let row = 0; row < h; row++)
          for (let column = 0; column < w; column++)
            for (const [ky, kx, py, px] of pixels(shape, row, column, window)) {
              const out = Math.floor(channel / (c / groups)) * perGroup + i;
              y.data[flat([image, out, py, px])]! += at(x, [image, channel, row, column]) * at(weight, [channel, i, ky, kx]);
            }
  return y;
}

export function pool(x: Reference, window: Window, f: (values: readonly number[]) => number): Reference {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return build([n, c, windows(h, window, 0), windows(w, window, 1)], ([image, channel, row, column]) =>
    f(pixels(x.shape, row!, column!, window).map(([, , py, px]) => at(x, [image!, channel!, py, px]))),
  );
}

export function softmax(x: Reference): Reference {
  const last = x.shape.length - 1;
  return build(x.shape, (index) => {
    const values = along(x, last, index);
    const most = Math.max(...values);
    return Math.exp(at(x, index) - most) / values.reduce((total, value) => total + Math.exp(value - most), 0);
  });
}
