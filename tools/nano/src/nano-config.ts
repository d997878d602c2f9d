import type { TextTowerConfig, ViTaminConfig } from '@vitamin-vlm/backbone';

/** Side of the square training images in pixels, and of the grid of tokens. */
export const imageSize = 96;
export const gridSize: number = imageSize / 16;

/** ViTamin's architecture with the smallest widths that still learn picture-world; 2.3 million parameters. */
export const imageTower: ViTaminConfig = { widths: [16, 32, 192], depths: [2, 4, 6], heads: 3, embedDim: 128, positions: true };

/** The width is bounded by the file size: 49,408 token embeddings of 64 numbers are half of it. */
export const textTower: TextTowerConfig = { vocabulary: 49408, context: 77, width: 64, heads: 2, layers: 3, embedDim: 128 };

/** One training run. Defaults: `contrastive`. */
export interface Schedule {
  readonly batch: number;
  readonly steps: number;
  readonly warmupSteps: number;
  readonly peakRate: number;
  readonly weightDecay: number;
}

export const contrastive: Schedule = { batch: 128, steps: 3000, warmupSteps: 150, peakRate: 1.5e-3, weightDecay: 0.1 };
