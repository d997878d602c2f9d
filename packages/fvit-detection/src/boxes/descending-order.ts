/** Digits of the radix sort: three of eleven bits cover 32. */
const BITS = 11;
const BUCKETS = 1 << BITS;

/**
 * Indices of numbers from the largest to the smallest. Equal numbers keep their order (lower index first), which decides ties in ranking and in
 * non-maximum suppression. A radix sort: linear in the count, without a comparison function. NaN comes first, as in PyTorch.
 *
 * @example
 * ```ts
 * import { descendingOrder } from '@vitamin-vlm/fvit-detection';
 * console.log(descendingOrder(new Float32Array([0.5, 0.9, 0.5]))); // Uint32Array [ 1, 0, 2 ]
 * ```
 */
export function descendingOrder(scores: Float32Array): Uint32Array {
  const count = scores.length;
  const keys = descendingKeys(scores);
  let from = Uint32Array.from(keys, (_, i) => i);
  let to = new Uint32Array(count);
  const starts = new Uint32Array(BUCKETS);
  for (let shift = 0; shift < 32; shift += BITS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
    for (let bucket = 0, next = 0; bucket < BUCKETS; bucket++) {
      const size = starts[bucket]!;
      starts[bucket] = next;
      next += size;
    }
    for (let i = 0; i < count; i++) {
      const index = from[i]!;
      to[starts[(keys[index]! >>> shift) & (BUCKETS - 1)]!++] = index;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Whole numbers that rise where the floats fall: the bits of IEEE 754 with the sign turned into an order. */
function descendingKeys(scores: Float32Array): Uint32Array {
  const floats = scores.slice();
  const keys = new Uint32Array(floats.buffer);
  for (let i = 0; i < keys.length; i++) {
    floats[i]! += 0; // -0 becomes 0: they are equal
    const bits = keys[i]!;
    keys[i] = bits & 0x80000000 ? bits : ~(bits | 0x80000000);
  }
  return keys;
}
