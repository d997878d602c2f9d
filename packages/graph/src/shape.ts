import { VitaminError } from '@vitamin-vlm/core';

/** One extent: a number, or a name for one that is only known when the graph runs (`'N'`, the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** `[N, 196, 384]`, as it stands in error messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The shape as numbers. @throws VitaminError `UNSUPPORTED` when an extent is only known at run time. */
export function staticShape(shape: Shape, what: string): readonly number[] {
  if (shape.some((dim) => typeof dim === 'string')) {
    throw new VitaminError('UNSUPPORTED', `Expected fixed extents for ${what} but found ${formatShape(shape)}`, {
      hint: 'Build the graph with a fixed batch size.',
    });
  }
  return shape as readonly number[];
}

/** Product of extents; a name when one of them is a name (`N*196`). */
export function product(shape: Shape): Dim {
  const fixed = shape.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
  const named = shape.filter((dim) => typeof dim === 'string');
  if (named.length === 0) return fixed;
  return fixed === 1 ? named.join('*') : `${named.join('*')}*${fixed}`;
}

/** NumPy broadcasting of two shapes. @throws VitaminError `USAGE` naming both shapes when they do not fit. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new VitaminError('USAGE', `Expected shapes that broadcast but received ${formatShape(a)} and ${formatShape(b)}`);
  });
}

/** A possibly negative axis as an index into a shape of this rank. */
export function axisIndex(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(index) || index < 0 || index >= rank) {
    throw new VitaminError('USAGE', `Expected an axis of a rank-${rank} value but received ${axis}`);
  }
  return index;
}
