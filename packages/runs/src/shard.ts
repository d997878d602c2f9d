import { VitaminError } from '@vitamin-vlm/core';

/** One of `count` equal parts of a run: the items at `index - 1`, `index - 1 + count`, `index - 1 + 2·count`, ... */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

/** The part that is everything. */
export const wholeRun: Shard = { index: 1, count: 1 };

/**
 * Reads a shard as people write it: `2/4` is the second of four, the last is `4/4`.
 *
 * @throws VitaminError `USAGE` for anything else.
 * @example
 * ```ts
 * import { parseShard } from '@vitamin-vlm/runs';
 * console.log(parseShard('2/4')); // { index: 2, count: 4 }
 * ```
 */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,7})\/(\d{1,7})$/.exec(text) ?? [];
  return checkShard({ index: Number(index), count: Number(count) }, text);
}

/** @throws VitaminError `USAGE` unless 1 <= index <= count. */
export function checkShard(shard: Shard, text: string = `${shard.index}/${shard.count}`): Shard {
  const { index, count } = shard;
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count) return shard;
  throw new VitaminError('USAGE', `Expected a shard such as 1/4 but received "${text}"`, {
    hint: 'Shards count from 1: the parts of four are 1/4, 2/4, 3/4 and 4/4.',
  });
}

/** Positions of the shard's items among `total`, rising. */
export function* positionsOf(shard: Shard, total: number): Generator<number> {
  for (let position = shard.index - 1; position < total; position += shard.count) yield position;
}

/** How many of `total` items the shard holds. */
export function sizeOfShard({ index, count }: Shard, total: number): number {
  return Math.max(0, Math.ceil((total - index + 1) / count));
}
