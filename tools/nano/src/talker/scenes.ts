import type { Tensor } from '@vitamin-vlm/core';
import { preparePicture } from '@vitamin-vlm/llava-bridge';
import { renderScene } from '@vitamin-vlm/picture-world';
import { randomStream } from '@vitamin-vlm/training';
import { cellTruth } from './cell-truth.ts';
import { read, sceneSides } from './plan.ts';
import { type SceneTexts, textsOf } from './turns.ts';

/** A scene as the tower takes it, and what can be said about it. */
export interface TrainingScene {
  /** [3, S, S] */
  readonly pixels: Tensor<'float32'>;
  readonly texts: SceneTexts;
  /** What each token shows, [tokens, facts]. */
  readonly truth: Uint8Array;
}

/** The scene of a number: a pure function of it. */
export async function trainingScene(number: number): Promise<TrainingScene> {
  const random = randomStream(3, number);
  const scene = renderScene(number, { width: sceneSides[Math.floor(random() * sceneSides.length)]! });
  return { pixels: await preparePicture(scene.picture, read.imageSize, 'pad'), texts: textsOf(scene), truth: cellTruth(scene) };
}
