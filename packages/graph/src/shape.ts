import { VitaminError } from '@vitamin-vlm/core';

/**
 * One extent: a positive integer, or a name for one that is only known when the graph runs: `'N'`, or a multiple of a name, `'h*32'`. Every
 * name stands for a positive integer.
 */
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
      hint: 'Build the graph with numbers for these extents.',
    });
  }
  return shape as readonly number[];
}

/** The names in an extent, sorted, and the number they are multiplied by: `M*N*2` is `[['M', 'N'], 2]`. */
function factorsOf(dim: Dim): [names: string[], fixed: number] {
  if (typeof dim === 'number') return [[], dim];
  const factors = dim.split('*');
  const names = factors.filter((factor) => !/^\d/.test(factor)).toSorted();
  return [names, names.length === factors.length ? 1 : Number(factors.at(-1))];
}

/** The names in an extent: none for a number. */
export function namesOf(dim: Dim): readonly string[] {
  return factorsOf(dim)[0];
}

/** The smallest number that an extent can stand for, as every name is at least 1: 32 for `h*32`. */
export function leastOf(dim: Dim): number {
  return factorsOf(dim)[1];
}

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
  const factors = shape.map(factorsOf);
  const fixed = factors.reduce((size, [, factor]) => size * factor, 1);
  const names = factors.flatMap(([named]) => named).toSorted();
  if (names.length === 0) return fixed;
  return fixed === 1 ? names.join('*') : `${names.join('*')}*${fixed}`;
}

/**
 * The extent divided by another where that is exact whatever the names stand for, else undefined.
 *
 * @example
 * ```ts
 * import { quotient } from '@vitamin-vlm/graph';
 * console.log(quotient('h*32', 2), quotient('N*196', 'N'), quotient('h', 2), quotient(7, 2)); // h*16 196 undefined undefined
 * ```
 */
export function quotient(dim: Dim, divisor: Dim): Dim | undefined {
  const [names, fixed] = factorsOf(dim);
  const [others, by] = factorsOf(divisor);
  for (const name of others) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  return fixed % by === 0 ? product([...names, fixed / by]) : undefined;
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
