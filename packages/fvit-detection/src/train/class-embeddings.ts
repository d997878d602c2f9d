import type { Backbone } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, type WorkOptions } from '@vitamin-vlm/core';

/**
 * The classifier of a training: the names of classes in F-ViT's sentences, and the background behind them, as columns [E, K + 1] of unit length.
 *
 * @throws VitaminError as `Backbone.vocabulary`.
 * @example
 * ```ts
 * import { Backbone } from '@vitamin-vlm/backbone';
 * import { classEmbeddings } from '@vitamin-vlm/fvit-detection';
 * await using backbone = await Backbone.load('nano');
 * console.log((await classEmbeddings(backbone, ['cat', 'dog'])).shape); // [ 128, 3 ]
 * ```
 */
export async function classEmbeddings(
  backbone: Backbone,
  classes: readonly string[],
  options: WorkOptions & { readonly cacheDir?: string | false | undefined } = {},
): Promise<Tensor<'float32'>> {
  // Whole names: a bar in one does not make it two synonyms here.
  const labels = [...classes, 'background'].map((name) => ({ name, synonyms: [name] }));
  const { embeddings } = await backbone.vocabulary(labels, { prompts: 'fvit', ...options });
  const [rows = 0, width = 0] = embeddings.shape;
  const columns = Float32Array.from({ length: rows * width }, (_, i) => embeddings.data[(i % rows) * width + Math.floor(i / rows)]!);
  return tensor('float32', [width, rows], columns);
}
