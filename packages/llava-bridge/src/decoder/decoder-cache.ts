import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { LlamaConfig } from '../models/llama-config.ts';

/** What a decoder remembers of the tokens so far: one row for each text. */
export interface DecoderCache {
  /** Tokens of each row. */
  readonly lengths: readonly number[];
  /** Keys and values by the names of the graph, [N, groups, C, D]: token i of a row in place i, and room behind it. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Room is made for so many tokens more than there are: copying a cache at every token would cost more than reading the weights of a small model. */
const ROOM = 0.25;
/** Room is made in blocks of so many tokens. */
const BLOCK = 64;

/** A cache of nothing. An extent is at least one. */
export function emptyCache({ layers, groups, size }: LlamaConfig, rows: number): DecoderCache {
  const names = Array.from({ length: layers }, (_, i) => [`key.${i}`, `value.${i}`]).flat();
  return {
    lengths: Array.from({ length: rows }, () => 0),
    tensors: Object.fromEntries(names.map((name) => [name, tensor('float32', [rows, groups, 1, size])])),
  };
}

/**
 * Puts new tokens behind those of a cache, in its own memory while there is room.
 *
 * @param tensors - By name: those of the cache, and for each `fresh.NAME` [N, groups, L, D].
 * @param counts - New tokens of each row.
 * @param most - Tokens that a row ever has.
 */
export function grownCache(
  cache: DecoderCache,
  tensors: Readonly<Record<string, Tensor>>,
  counts: readonly number[],
  most: number,
): DecoderCache {
  const lengths = cache.lengths.map((before, row) => before + counts[row]!);
  const needed = Math.max(...lengths);
  const room = Math.min(most, BLOCK * Math.ceil((needed * (1 + ROOM)) / BLOCK));
  const grown = Object.keys(cache.tensors).map((name) => {
    const old = tensors[name]!;
    const out = old.shape[2]! >= needed ? old : withRoom(old, cache.lengths, room);
    put(out, tensors[`fresh.${name}`]!, cache.lengths, counts);
    return [name, out] as const;
  });
  return { lengths, tensors: Object.fromEntries(grown) };
}

/** Rows of a cache in another order, some of them several times. */
export function selectRows({ lengths, tensors }: DecoderCache, rows: readonly number[]): DecoderCache {
  const chosen = Object.entries(tensors).map(([name, { shape, data }]) => {
    const size = data.length / shape[0]!;
    const out = tensor('float32', [rows.length, ...shape.slice(1)]);
    rows.forEach((row, i) => out.data.set((data as Float32Array).subarray(row * size, (row + 1) * size), i * size));
    return [name, out] as const;
  });
  return { lengths: rows.map((row) => lengths[row]!), tensors: Object.fromEntries(chosen) };
}

function withRoom(old: Tensor, lengths: readonly number[], capacity: number): Tensor {
  const [rows, groups, , size] = old.shape as [number, number, number, number];
  const out = tensor('float32', [rows, groups, capacity, size]);
  put(
    out,
    old,
    lengths.map(() => 0),
    lengths,
  );
  return out;
}

/** Copies the first tokens of each row behind those that are there. */
function put(into: Tensor, from: Tensor, lengths: readonly number[], counts: readonly number[]): void {
  const [, groups, capacity, size] = into.shape as [number, number, number, number];
  const length = from.shape[2]!;
  for (const [row, count] of counts.entries()) {
    for (let group = row * groups; group < (row + 1) * groups; group++) {
      const tokens = (from.data as Float32Array).subarray(group * length * size, (group * length + count) * size);
      (into.data as Float32Array).set(tokens, (group * capacity + lengths[row]!) * size);
    }
  }
}
