/** How a picture was prepared, read, and reduced to regions. Lengths in pixels of the network's input. */
export interface DetectionRecipe {
  /** Side of the square canvas, and length of the picture's longer edge on it. */
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly aligned: boolean;
  readonly proposalsPerLevel: number;
  readonly proposalNms: number;
  readonly proposals: number;
}

/** The settings of F-ViT's configurations for windows of 336 pixels. Other towers keep the proportions: 8/3 windows per canvas, half a window per step. */
export function defaultRecipe(window: number): DetectionRecipe {
  return {
    size: (window * 8) / 3,
    window,
    stride: window / 2,
    aligned: false,
    proposalsPerLevel: 2000,
    proposalNms: 0.7,
    proposals: 1000,
  };
}
