/**
 * The parts that LLaVA's scripts cut a list into for `--num-chunks`: equally long ones but for the last, and fewer where there are not enough.
 *
 * @example
 * ```ts
 * import { chunksOf } from '@vitamin-vlm/llava-bridge';
 * console.log(chunksOf([1, 2, 3, 4, 5], 4)); // [[1, 2], [3, 4], [5]]
 * ```
 */
export function chunksOf<T>(list: readonly T[], count: number): T[][] {
  const size = Math.max(1, Math.ceil(list.length / count));
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
