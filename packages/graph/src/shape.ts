import { VitaminError } from '@vitamin-vlm/core';

/** One extent: a positive integer, or a name for one that is only known when the graph runs (`'N'`, the batch). */
export type Dim = number | string;

/** Extents of a value, outermost first; `[]` is a scalar. Different names never count as equal. */
export type Shape = readonly Dim[];

/** A name, or a product of names and at last a number, as `product` writes it: `N`, `N*196`, `M*N*2`. */
const dimName = /^[A-Za-z_]\w*(\*[A-Za-z_]\w*)*(\*\d+)?$/;

/** `[N, 196, 384]`, as it stands in error messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

const isExtent = (dim: Dim): boolean => (typeof dim === 'number' ? Number.isSafeInteger(dim) && dim > 0 : dimName.test(dim));

/** @throws VitaminError `USAGE` unless every extent is a positive integer or a name. */
export function checkShape(shape: Shape, what: string): void {
  if (!shape.every(isExtent)) {
    throw new VitaminError('USAGE', `Expected positive integers or names as extents of ${what} but received ${formatShape(shape)}`);
  }
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

const isNumber = (factor: string): boolean => /^\d/.test(factor);

/**
 * Product of extents: a number, or a name such as `N*196` when one of them is a name. Equal products are equal in text.
 *
 * @example
 * ```ts
 * import { product } from '@vitamin-vlm/graph';
 * console.log(product([4, 196]), product(['N', 196]), product([2, 'N*98'])); // 784 N*196 N*196
 * ```
 */
export function product(shape: Shape): Dim {
  const factors = shape.flatMap((dim) => (typeof dim === 'number' ? [`${dim}`] : dim.split('*')));
  const fixed = factors.filter(isNumber).reduce((size, factor) => size * Number(factor), 1);
  const named = factors.filter((factor) => !isNumber(factor)).toSorted();
  if (named.length === 0) return fixed;
  return fixed === 1 ? named.join('*') : `${named.join('*')}*${fixed}`;
}

/** Whether two shapes are the same, names included. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
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

/** A possibly negative axis as an index into a shape of this rank. @throws VitaminError `USAGE` when it lies outside. */
export function axisIndex(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(index) || index < 0 || index >= rank) {
    throw new VitaminError('USAGE', `Expected an axis of a rank-${rank} value but received ${axis}`);
  }
  return index;
}
