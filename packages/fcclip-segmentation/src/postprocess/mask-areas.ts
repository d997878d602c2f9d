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
      if (reader.most(query, tile) < 0) continue;
      if (reader.least(query, tile) >= 0) {
        areas[query]! += pixels;
        continue;
      }
      reader.read(query, tile, logits);
      let inside = 0;
      for (let i = 0; i < pixels; i++) if (logits[i]! >= 0) inside++;
      areas[query]! += inside;
    }
    await turn();
  }
  return areas;
}
