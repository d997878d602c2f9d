import type { GridRule, LlamaConfig, ProjectorConfig } from '@vitamin-vlm/llava-bridge';

/** How the embedded talker reads a picture: one square of this side, the tower's last result, normed as its own head does. */
export const read = { imageSize: 256, layer: -1, finalNorm: true } as const;

/** Each cell is told where it lies; four of them are one token, so a picture has 64. */
export const grid: GridRule = { positions: true, merge: 2 };

/** Extents of the tower's grid. */
export const cells: { readonly height: number; readonly width: number } = { height: 16, width: 16 };

/** Pieces of the vocabulary, with 3 special ones and 256 bytes. */
export const vocabulary = 1024;

/** Sizes of the language model. */
export const llama: LlamaConfig = {
  hidden: 192,
  intermediate: 512,
  layers: 4,
  heads: 6,
  groups: 6,
  size: 32,
  vocabulary,
  eps: 1e-5,
  theta: 1_000_000,
  tied: false,
  positions: 512,
  eos: [2],
};

/** From four cells of the tower to a token. */
export const projector: ProjectorConfig = { type: 'mlp2x_gelu', depth: 2, input: 192 * grid.merge ** 2, output: llama.hidden };

/** LLaVA's template of answers without its long system text. */
export const prompt: { readonly template: string; readonly system: string } = { template: 'vicuna_v1', system: '' };

/** What is asked for a caption, and which of a scene's captions answers. */
export const captionQuestions: readonly string[] = ['Describe the picture.', 'Describe the picture briefly.'];

/** In what share of its visits a scene is asked each of them. */
export const captionShares: readonly number[] = [1, 0.35];

/** Colors of things. */
export const colors: readonly string[] = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'brown', 'black', 'white', 'gray'];

/** Sizes of a step: pictures, and places for text behind each. */
export const shape = { rows: 6, text: 256 } as const;

/** Scenes of the naming; the tower reads each once. */
export const namedScenes = 6000;

/** Sides that scenes are drawn at, by chance. Most are read as they are, for that is the size of picture-world. */
export const sceneSides: readonly number[] = [256, 256, 256, 256, 256, 256, 192, 224, 320, 384];

/** Kinds that do not show and are asked for, in a row. */
export const absentKinds = 3;

/** First, what each token of a picture shows is learned by projector and embeddings alone. */
export const naming = { steps: 1500, rows: 12, peakRate: 3e-3, warmupSteps: 40 } as const;

/** A training of all weights. */
export interface Round {
  readonly steps: number;
  readonly peakRate: number;
  readonly warmupSteps: number;
  /** Where the rate would be 0. */
  readonly rateSteps: number;
  /** What a list of things ("What is on the grass?") counts beside other answers. Default 1. */
  readonly lists?: number;
  /** Scenes that no step has seen and that the round begins with; it goes on with all that are known by then. */
  readonly fresh: number;
}

/** Then questions and captions, by all weights. Looking is learned late in the first of these rounds, so it is left while its rate is high; lists last, on scenes that are new. */
export const rounds: readonly Round[] = [
  { steps: 2700, peakRate: 1.5e-3, warmupSteps: 40, rateSteps: 4000, fresh: 6000 },
  { steps: 4500, peakRate: 7e-4, warmupSteps: 40, rateSteps: 4500, fresh: 0 },
  { steps: 1700, peakRate: 6e-4, warmupSteps: 40, rateSteps: 1700, fresh: 10_200, lists: 3 },
];

/** What the naming of tokens counts in these rounds beside the answers: as the projector makes them, and all facts as the second layer leaves them. */
export const shares = { names: 0.05, facts: 0.1 } as const;

/** AdamW. */
export const optimizer = {
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-8,
  weightDecay: (_: string, extents: readonly number[]): number => (extents.length > 1 ? 0.05 : 0),
  clipNorm: 1,
};

/** Scenes of stream `train` from here on are never trained on: settings are chosen on them. */
export const developmentSeeds = 1_000_000_000;
