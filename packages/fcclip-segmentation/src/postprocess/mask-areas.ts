import type { MaskReader } from './mask-reader.ts';

/**
 * For each mask the pixels of the picture where it is at least one half. Words have no part in it.
 *
 * @param turn - Called between tiles.
 */
export async function maskAreas(reader: MaskReader, turn: () => Promise<void> | undefined): Promise<Float64Array> {
  const areas = new Float64Array(reader.queries);
  const logits = new Float64Array(reader.tilePixels);
  for (const tile of reader.columns.flat()) {
    const pixels = tile.width * tile.height;
    for (let query = 0; query < reader.queries; query++) {
      const [least, most] = reader.bounds(query, tile);
      if (most < 0) continue;
      if (least >= 0) {
        areas[query]! += pixels;
        continue;
      }
      reader.read(query, tile, logits);
      for (let i = 0; i < pixels; i++) if (logits[i]! >= 0) areas[query]!++;
    }
    await turn();
  }
  return areas;
}
