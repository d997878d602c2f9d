import type { Random } from './random.ts';

/** Values at which length, offset and sign arithmetic breaks. */
const interesting: readonly bigint[] = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at]! ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  (bytes, random) => {
    const value = random.pick(interesting);
    const width = random.pick([1, 2, 4, 8]);
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(value);
    field.copy(bytes, random.below(bytes.length), 0, width);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
  },
  (bytes, random) => {
    const from = random.below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random.below(64));
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const from = random.below(bytes.length);
    bytes.copy(bytes, random.below(bytes.length), from, from + 1 + random.below(32));
    return bytes;
  },
  // A digit for a digit: shapes and offsets in text headers stay well formed and become wrong.
  (bytes, random) => {
    const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
    if (digits.length > 0) bytes[random.pick(digits)] = 0x30 + random.below(10);
    return bytes;
  },
];

/** A damaged copy: one to four mutations. */
export function mutate(seed: Uint8Array, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let n = 1 + random.below(4); n > 0 && bytes.length > 0; n--) bytes = Buffer.from(random.pick(mutations)(bytes, random));
  return bytes;
}
