import type { MatchTable } from '../coco/match-table.ts';
import { resolveParams, type EvalParams } from '../coco/params.ts';
import { CocoEvalError } from '../errors.ts';
import { parseJson } from '../json/parse-json.ts';
import { type MatchShard, readKeys, type ShardCategory } from './shard.ts';

// Layout: 8 bytes magic, uint32 header length (little-endian), header (JSON, UTF-8), zeros up to a multiple of 8, then the arrays of the table one after
// the other, each padded to a multiple of 8.
const MAGIC = 'COCOSHD2';
const PREFIX = 12;

const ARRAYS = [
  ['dtCategory', Int32Array],
  ['dtImage', Int32Array],
  ['dtRank', Int32Array],
  ['dtScore', Float64Array],
  ['matched', Uint32Array],
  ['ignored', Uint32Array],
  ['gtCategory', Int32Array],
  ['gtImage', Int32Array],
  ['gtIgnored', Uint8Array],
] as const;

type ArrayName = (typeof ARRAYS)[number][0];

interface Header extends Omit<MatchShard, 'table'> {
  readonly areas: number;
  readonly thresholds: number;
  readonly words: number;
  readonly lengths: Readonly<Record<ArrayName, number>>;
}

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/**
 * A shard as bytes, to be stored or sent. The same shard always gives the same bytes.
 *
 * @example
 * ```ts
 * import { type MatchShard, parseShard, serializeShard } from 'coco-eval-js';
 * function roundTrip(shard: MatchShard): MatchShard {
 *   return parseShard(serializeShard(shard));
 * }
 * ```
 */
export function serializeShard(shard: MatchShard): Uint8Array {
  const { table, ...rest } = shard;
  const lengths = Object.fromEntries(ARRAYS.map(([name]) => [name, table[name].length])) as Record<ArrayName, number>;
  const header = new TextEncoder().encode(
    JSON.stringify({ ...rest, areas: table.areas, thresholds: table.thresholds, words: table.words, lengths }),
  );
  const start = padded(PREFIX + header.length);
  const out = new Uint8Array(start + ARRAYS.reduce((sum, [name]) => sum + padded(table[name].byteLength), 0));
  out.set(new TextEncoder().encode(MAGIC));
  new DataView(out.buffer).setUint32(8, header.length, true);
  out.set(header, PREFIX);
  let at = start;
  for (const [name] of ARRAYS) {
    const array = table[name];
    out.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  return out;
}

/**
 * Reads a shard back, checking everything that reducing relies on.
 *
 * @throws CocoEvalError `SHARDS` when the bytes are not a shard, are cut, or contradict themselves
 * @example
 * ```ts
 * import { parseShard } from 'coco-eval-js';
 * function describeShard(bytes: Uint8Array): string {
 *   const { index, count } = parseShard(bytes);
 *   return `${index + 1} of ${count}`;
 * }
 * ```
 */
export function parseShard(bytes: Uint8Array): MatchShard {
  if (bytes.length < PREFIX || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new CocoEvalError('SHARDS', 'Expected a shard but found other bytes', {
      hint: 'Shards are made by coco-eval GT.json DT.json --shard I/N (serializeShard in code); merge takes nothing else.',
    });
  }
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  if (PREFIX + headerLength > bytes.length) throw cut(bytes);
  const header = parseHeader(bytes.subarray(PREFIX, PREFIX + headerLength));
  let at = padded(PREFIX + headerLength);
  const arrays = {} as Record<ArrayName, Int32Array | Float64Array | Uint32Array | Uint8Array>;
  for (const [name, Kind] of ARRAYS) {
    const size = header.lengths[name] * Kind.BYTES_PER_ELEMENT;
    if (at + size > bytes.length) throw cut(bytes);
    // A copy: the array needs its own alignment and must not keep the file alive. (`slice` of a Node Buffer is none.)
    arrays[name] = new Kind(new Uint8Array(bytes.subarray(at, at + size)).buffer);
    at += padded(size);
  }
  const { areas, thresholds, words, lengths: _lengths, ...rest } = header;
  const table = { areas, thresholds, words, ...arrays } as unknown as MatchTable;
  checkTable(table, rest);
  return { ...rest, table };
}

function cut(bytes: Uint8Array): CocoEvalError {
  return new CocoEvalError('SHARDS', `Expected more than the ${bytes.length} bytes found: the shard is cut`);
}

function parseHeader(bytes: Uint8Array): Header {
  let header: Header;
  let params: EvalParams;
  try {
    header = parseJson(bytes) as Header;
    const { imgIds, catIds } = header.params;
    const keys = readKeys(header.ids);
    params = resolveParams(header.params, { images: imgIds.map((id) => ({ id })), categories: catIds.map((id) => ({ id })), keys });
  } catch (cause) {
    throw new CocoEvalError('SHARDS', 'Expected a shard header but it cannot be read', { cause });
  }
  const { index, count, scheme, areas, thresholds, words, lengths, warnings } = header;
  const categories = plainCategories(header.categories);
  const wholeNumbers = [index, count, ...ARRAYS.map(([name]) => lengths?.[name])];
  if (
    !wholeNumbers.every((n) => Number.isInteger(n) && n >= 0) ||
    index >= count ||
    !Array.isArray(warnings) ||
    !areCategories(categories) ||
    !['coco', 'lvis'].includes(scheme)
  ) {
    throw new CocoEvalError('SHARDS', 'Expected a shard header with index, count and lengths but they make no sense');
  }
  if (areas !== params.areaRng.length || thresholds !== params.iouThrs.length || words !== Math.ceil(thresholds / 32)) {
    throw new CocoEvalError('SHARDS', 'Expected a shard header that agrees with its own parameters');
  }
  return { ...header, categories };
}

/** Text, or nothing. */
function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** Keys of ids that are no plain numbers lie beyond 2^53, where the reader gives exact integers; as numbers they are exact too. */
function plainCategories(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((item: { id?: unknown } | null) => (typeof item?.id === 'bigint' ? { ...item, id: Number(item.id) } : item));
}

function areCategories(list: unknown): list is readonly ShardCategory[] {
  return (
    Array.isArray(list) &&
    list.every((item: ShardCategory | null) => typeof item?.id === 'number' && isText(item.name) && isText(item.frequency))
  );
}

function checkTable(table: MatchTable, { params, index, count }: Omit<MatchShard, 'table'>): void {
  const categories = params.useCats ? params.catIds.length : 1;
  const [dts, gts] = [table.dtScore.length, table.gtImage.length];
  const sizes =
    table.dtImage.length === dts &&
    table.dtRank.length === dts &&
    table.matched.length === dts * table.areas * table.words &&
    table.ignored.length === table.matched.length &&
    table.gtIgnored.length === gts * table.areas;
  const ownImage = (i: number): boolean => i >= 0 && i < params.imgIds.length && i % count === index;
  const sound =
    sizes &&
    isIndex(table.dtCategory, categories, dts) &&
    isIndex(table.gtCategory, categories, gts) &&
    table.dtImage.every(ownImage) &&
    table.gtImage.every(ownImage) &&
    table.dtRank.every((rank) => rank >= 0) &&
    table.dtScore.every((score) => Number.isFinite(score));
  if (!sound) throw new CocoEvalError('SHARDS', `Expected shard ${index + 1}/${count} to be consistent but its table is damaged`);
}

/** Starts of `categories` ranges that ascend from 0 to `rows`. */
function isIndex(starts: Int32Array, categories: number, rows: number): boolean {
  return (
    starts.length === categories + 1 &&
    starts[0] === 0 &&
    starts[categories] === rows &&
    starts.every((s, k) => k === 0 || s >= starts[k - 1]!)
  );
}
