const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/** Rows regrouped by `keys[row]` (0 to `buckets - 1`), keeping their order inside a bucket. */
export function countingSort(rows: Int32Array, keys: Int32Array, buckets: number): Int32Array {
  const start = new Int32Array(buckets + 1);
  for (let i = 0; i < rows.length; i++) start[keys[rows[i]!]! + 1]!++;
  for (let b = 0; b < buckets; b++) start[b + 1]! += start[b]!;
  const out = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[start[keys[rows[i]!]!]!++] = rows[i]!;
  return out;
}

/** `values[row]` of each row. */
export function gather(values: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
}

/**
 * Rows by `scores[row]` descending; equal scores keep their order (numpy.argsort of the negated scores, kind mergesort).
 * Radix sort on the bits of the doubles: as unsigned integers they order like the numbers once negative ones are inverted.
 */
export function sortByScore(rows: Int32Array, scores: Float64Array): Int32Array {
  const n = rows.length;
  const low = new Uint32Array(n);
  const high = new Uint32Array(n);
  const bits = new Float64Array(1);
  const words = new Uint32Array(bits.buffer);
  const [lowWord, highWord] = littleEndian() ? [0, 1] : [1, 0];
  for (let i = 0; i < n; i++) {
    // + 0 turns -0 into 0: they compare equal.
    bits[0] = scores[rows[i]!]! + 0;
    // Descending: positive numbers (larger bits first) are inverted, negative ones are not.
    const flip = words[highWord]! < 0x80000000 ? -1 : 0;
    low[i] = words[lowWord]! ^ flip;
    high[i] = words[highWord]! ^ (flip & 0x7fffffff);
  }
  let order: Int32Array = new Int32Array(n);
  let spare: Int32Array = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (const word of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (sortByDigit(order, word, shift, spare)) [order, spare] = [spare, order];
    }
  }
  return gather(rows, order);
}

/** Writes the order by one digit to `out`; false when all rows share the digit and nothing was written. */
function sortByDigit(order: Int32Array, word: Uint32Array, shift: number, out: Int32Array): boolean {
  const start = new Int32Array(DIGITS + 1);
  for (let i = 0; i < word.length; i++) start[((word[i]! >>> shift) & (DIGITS - 1)) + 1]!++;
  // Every row in one bucket: nothing to do. Common for the high digits of scores in [0, 1].
  if (start.includes(order.length)) return false;
  for (let d = 0; d < DIGITS; d++) start[d + 1]! += start[d]!;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    out[start[(word[row]! >>> shift) & (DIGITS - 1)]!++] = row;
  }
  return true;
}

function littleEndian(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
}
