import type { ImageTower } from '@vitamin-vlm/backbone';
import type { FVitConfig } from './config.ts';

/** Pixels per cell of the coarsest maps of a ViTamin. */
const VITAMIN_CELL = 16;

/** The maps that the adapters read, finest first, by the names that the graphs give them. In a plain ViT all four have one stride. */
export const TOWER_MAPS = ['os4', 'os8', 'mid', 'final'] as const;

/** Pixels per cell of the tower's coarsest maps, and of the dense CLIP map. */
export function cellOf({ patch }: Pick<FVitConfig, 'patch'>): number {
  return patch ?? VITAMIN_CELL;
}

/** Pixels per cell of the pyramid's levels that regions are read from, P2 to P5. With patches of 14 pixels these are no whole numbers. */
export function regionStrides(cell: number): readonly [number, number, number, number] {
  return [cell / 4, cell / 2, cell, 2 * cell];
}

/** Pixels per cell of all levels of the pyramid, P2 to P6. */
export function pyramidStrides(cell: number): readonly number[] {
  return [...regionStrides(cell), 4 * cell];
}

/**
 * The tower's levels behind `TOWER_MAPS`. A ViTamin has them under these names. Of plain ViTs CLIPSelf reads the blocks 3, 5, 7 and 11 of 12, and 6, 10, 14 and 23 of
 * 24; the last one of EVA-02 runs without attention.
 */
export function detectorLevels({ family, levels }: Pick<ImageTower, 'family' | 'levels'>): readonly [string, string, string, string] {
  if (family !== 'vit' && family !== 'eva02') return TOWER_MAPS;
  const depth = levels.filter(({ name }) => name.startsWith('blocks.')).length;
  const [a, b, c] = depth === 24 ? [6, 10, 14] : [depth / 3 - 1, depth / 2 - 1, (2 * depth) / 3 - 1].map(Math.floor);
  return [`blocks.${a}`, `blocks.${b}`, `blocks.${c}`, family === 'eva02' ? 'valueOnly' : 'final'];
}
