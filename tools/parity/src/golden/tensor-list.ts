import { sizeOf } from '@vitamin-vlm/core';
import type { Shapes } from '../shapes.ts';
import type { Golden } from './golden.ts';

/** A tensor of a list: `{i}` in its name stands for the numbers from 0, of which the last member says how many. */
type Listed = readonly [shape: readonly number[], dtype: string, count: number];

/** Names and shapes of a checkpoint of which a golden file lists each repeated layer once. */
export function listedShapes(golden: Golden): Map<string, readonly number[]> {
  return new Map(
    golden.keys().flatMap((name) => {
      const [shape, , count] = golden.at(name).take() as Listed;
      return Array.from({ length: count }, (_, i) => [name.replace('{i}', String(i)), shape] as const);
    }),
  );
}

/** Those of them that belong to a part. */
export function partOf(shapes: Shapes, belongs: (name: string) => boolean): { readonly tensors: number; readonly values: number } {
  const part = [...shapes].filter(([name]) => belongs(name));
  return { tensors: part.length, values: part.reduce((sum, [, shape]) => sum + sizeOf(shape), 0) };
}
