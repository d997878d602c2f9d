import type { MatchTable } from '../coco/match-table.ts';
import { countingSort, sortByScore } from '../coco/sort.ts';

/**
 * Tables of disjoint sets of images as one, in the order a single run gives. So whatever is computed from it is the same to the last bit, however the
 * images were divided.
 *
 * @param images number of images in the whole evaluation
 */
export function mergeTables(tables: readonly MatchTable[], images: number): MatchTable {
  const first = tables[0]!;
  const { areas, thresholds, words } = first;
  const dt = order(tables, images, (table) => [table.dtCategory, table.dtImage, table.dtScore]);
  const gt = order(tables, images, (table) => [table.gtCategory, table.gtImage]);
  const n = dt.rows.length;
  const merged = {
    areas,
    thresholds,
    words,
    dtCategory: dt.category,
    dtImage: new Int32Array(n),
    dtRank: new Int32Array(n),
    dtScore: new Float64Array(n),
    matched: new Uint32Array(n * areas * words),
    ignored: new Uint32Array(n * areas * words),
    gtCategory: gt.category,
    gtImage: new Int32Array(gt.rows.length),
    gtIgnored: new Uint8Array(gt.rows.length * areas),
  };
  const stride = areas * words;
  for (let i = 0; i < n; i++) {
    const table = tables[dt.table[dt.rows[i]!]!]!;
    const row = dt.own[dt.rows[i]!]!;
    merged.dtImage[i] = table.dtImage[row]!;
    merged.dtRank[i] = table.dtRank[row]!;
    merged.dtScore[i] = table.dtScore[row]!;
    for (let w = 0; w < stride; w++) {
      merged.matched[i * stride + w] = table.matched[row * stride + w]!;
      merged.ignored[i * stride + w] = table.ignored[row * stride + w]!;
    }
  }
  for (let i = 0; i < gt.rows.length; i++) {
    const table = tables[gt.table[gt.rows[i]!]!]!;
    const row = gt.own[gt.rows[i]!]!;
    merged.gtImage[i] = table.gtImage[row]!;
    for (let a = 0; a < areas; a++) merged.gtIgnored[i * areas + a] = table.gtIgnored[row * areas + a]!;
  }
  return merged;
}

/** Rows of all tables, numbered through, and sorted by category, score (of detections) and image; `table` and `own` say where each comes from. */
interface MergedOrder {
  readonly rows: Int32Array;
  readonly category: Int32Array;
  readonly table: Int32Array;
  readonly own: Int32Array;
}

function order(
  tables: readonly MatchTable[],
  images: number,
  part: (table: MatchTable) => [category: Int32Array, image: Int32Array, score?: Float64Array],
): MergedOrder {
  const total = tables.reduce((sum, table) => sum + part(table)[1].length, 0);
  const categories = part(tables[0]!)[0].length - 1;
  const [table, own, imageOf, categoryOf, rows] = [0, 0, 0, 0, 0].map(() => new Int32Array(total)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const scores = new Float64Array(total);
  const category = new Int32Array(categories + 1);
  let at = 0;
  tables.forEach((source, t) => {
    const [starts, image, score] = part(source);
    for (let k = 0; k < categories; k++) {
      category[k + 1]! += starts[k + 1]! - starts[k]!;
      for (let row = starts[k]!; row < starts[k + 1]!; row++, at++) {
        table[at] = t;
        own[at] = row;
        imageOf[at] = image[row]!;
        categoryOf[at] = k;
        scores[at] = score?.[row] ?? 0;
        rows[at] = at;
      }
    }
  });
  for (let k = 0; k < categories; k++) category[k + 1]! += category[k]!;
  const byScore = sortByScore(countingSort(rows, imageOf, images), scores);
  return { rows: countingSort(byScore, categoryOf, categories), category, table, own };
}
