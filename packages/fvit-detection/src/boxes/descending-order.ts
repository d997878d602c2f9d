/** Digits of the radix sort: three of eleven bits cover 32. */
const BITS = 11;
const BUCKETS = 1 << BITS;
/** From here on comparing is slower than counting. */
const FEW = 512;

/**
 * Indices of numbers from the largest to the smallest. Equal numbers keep their order (lower index first), which decides ties in ranking and in
 * non-maximum suppression. NaN comes first, as in PyTorch.
 *
 * @example
 * ```ts
 * import { descendingOrder } from '@vitamin-vlm/fvit-detection';
 * console.log(descendingOrder(new Float32Array([0.5, 0.9, 0.5]))); // Uint32Array [ 1, 0, 2 ]
 * ```
 */
export function descendingOrder(scores: Float32Array): Uint32Array {
  const order = new Uint32Array(scores.length);
  let at = 0;
  for (const chunk of descendingChunks(scores)) {
    order.set(chunk, at);
    at += chunk.length;
  }
  return order;
}

/**
 * `descendingOrder` piece by piece: who stops early has not sorted the rest. A radix sort by the leading bits, each bucket being sorted by the others when
 * its turn comes.
 */
export function* descendingChunks(scores: Float32Array): Generator<Uint32Array> {
  const keys = descendingKeys(scores);
  const shift = 32 - BITS;
  const ends = new Uint32Array(BUCKETS);
  for (let i = 0; i < keys.length; i++) ends[keys[i]! >>> shift]!++;
  const filled: number[] = [];
  for (let bucket = 0, start = 0; bucket < BUCKETS; bucket++) {
    const size = ends[bucket]!;
    if (size > 0) filled.push(bucket);
    ends[bucket] = start;
    start += size;
  }
  const indices = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) indices[ends[keys[i]! >>> shift]!++] = i;
  let start = 0;
  for (const bucket of filled) {
    const chunk = indices.subarray(start, ends[bucket]);
    start = ends[bucket]!;
    yield chunk.length < FEW ? chunk.toSorted((a, b) => keys[a]! - keys[b]! || a - b) : sortByDigits(chunk, keys);
  }
}

/** Stable, by the two digits below the leading one. */
function sortByDigits(indices: Uint32Array, keys: Uint32Array): Uint32Array {
  let from = indices;
  let to: Uint32Array = new Uint32Array(indices.length);
  const starts = new Uint32Array(BUCKETS);
  for (const shift of [0, BITS]) {
    starts.fill(0);
    for (let i = 0; i < from.length; i++) starts[(keys[from[i]!]! >>> shift) & (BUCKETS - 1)]!++;
    for (let bucket = 0, next = 0; bucket < BUCKETS; bucket++) {
      const size = starts[bucket]!;
      starts[bucket] = next;
      next += size;
    }
    for (let i = 0; i < from.length; i++) to[starts[(keys[from[i]!]! >>> shift) & (BUCKETS - 1)]!++] = from[i]!;
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
