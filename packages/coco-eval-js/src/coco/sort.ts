/**
 * Rows regrouped by `keys[row]` (0 to `buckets - 1`), keeping their order inside a bucket.
 *
 * @param start receives where each bucket begins, and the end of the last
 */
export function countingSort(
  rows: Int32Array,
  keys: Int32Array,
  buckets: number,
  start: Int32Array = new Int32Array(buckets + 1),
): Int32Array {
  for (let i = 0; i < rows.length; i++) start[keys[rows[i]!]! + 1]!++;
  for (let b = 0; b < buckets; b++) start[b + 1]! += start[b]!;
  const out = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    out[start[keys[row]!]!++] = row;
  }
  // Every beginning has moved to the end of its bucket: where the next one begins.
  start.copyWithin(1, 0);
  start[0] = 0;
  return out;
}

/** `values[row]` of each row. */
export function gather(values: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
}

// A double and the halves of its bits.
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const [LOW, HIGH] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/**
 * Rows by `scores[row]` descending; equal scores keep their order (numpy.argsort of the negated scores, kind mergesort).
 *
 * The bits of doubles, as unsigned integers, order like the numbers once those of negative ones are inverted. So the engine's own sort of 64-bit
 * integers does the work: first by the upper half of the bits, with the row's place below it, then, where upper halves are equal, by the lower half.
 */
export function sortByScore(rows: Int32Array, scores: Float64Array): Int32Array {
  const n = rows.length;
  const keys = new BigUint64Array(n);
  const words = new Uint32Array(keys.buffer);
  for (let i = 0; i < n; i++) {
    // + 0 turns -0 into 0: they compare equal.
    double[0] = scores[rows[i]!]! + 0;
    const upper = halves[HIGH]!;
    words[2 * i + LOW] = i;
    // Descending: positive numbers (larger bits first) are inverted, negative ones are not.
    words[2 * i + HIGH] = upper < 0x80000000 ? ~upper & 0x7fffffff : upper;
  }
  keys.sort();
  for (let from = 0, to = 0; from < n; from = to) {
    const upper = words[2 * from + HIGH]!;
    for (to = from + 1; to < n && words[2 * to + HIGH] === upper; to++);
    if (to - from === 1) continue;
    for (let i = from; i < to; i++) {
      double[0] = scores[rows[words[2 * i + LOW]!]!]! + 0;
      words[2 * i + HIGH] = upper < 0x80000000 ? ~halves[LOW]! : halves[LOW]!;
    }
    keys.subarray(from, to).sort();
  }
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) out[i] = rows[words[2 * i + LOW]!]!;
  return out;
}
