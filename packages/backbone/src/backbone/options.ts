import type { LabelMap, WorkOptions } from '@vitamin-vlm/core';
import type { Recipe } from '../load/recipe.ts';
import type { PoolOptions, SessionPool } from '@vitamin-vlm/runtime';
import type { OpenModelOptions } from '../load/open-model.ts';
import type { LabelPixelsOptions } from '../tasks/label-pixels.ts';
import type { RetrievalOptions } from '../tasks/retrieval.ts';
import type { EmbedVocabularyOptions } from '../text/embed-vocabulary.ts';
import type { Label } from '../text/labels.ts';
import type { VocabularyMatrix } from '../text/vocabulary-matrix.ts';

/** Words to ask: names (`|` separates synonyms), parsed labels, or a matrix made before. */
export type Words = readonly string[] | readonly Label[] | VocabularyMatrix;

/** Options of `Backbone.load`. */
export interface BackboneOptions extends Omit<OpenModelOptions, 'cacheDir'>, SessionsOptions {}

/** How the towers of a model are run. */
export interface SessionsOptions extends PoolOptions {
  /** A pool that several models share, in place of one of its own: its options count then, and it is not closed with the backbone. */
  readonly sessions?: SessionPool | undefined;
  /** Side of the square that the tower sees, a multiple of 16. Default: what the model was trained at. Others resize the position embedding. */
  readonly imageSize?: number | undefined;
}

/** How windows lie on a picture. All in pixels of the network's input. */
export interface WindowOptions extends WorkOptions {
  /** The picture is scaled (bicubic) so that its shortest edge has this length. Default: `window`, so that windows slide along the longer side only. */
  readonly size?: number | undefined;
  /** Side of a window, a multiple of the tower's stride. Default: the image size. */
  readonly window?: number | undefined;
  /** Pixels from window to window. Default: half a window, as in F-ViT. */
  readonly stride?: number | undefined;
  /**
   * `floor` (default): windows lie where published detectors are trained with, pasted up to a cell too early where a start is no multiple of
   * the coarsest stride. `aligned`: they start on its cells.
   */
  readonly placement?: Recipe['placement'] | undefined;
  /** Windows, or pictures, per run of the network. Default 1, the best on a CPU. Each size has a session, and memory, of its own. */
  readonly batch?: number | undefined;
}

/** Options of `encodeImage`. Asking for a window, a stride, a size or levels implies the dense map. */
export interface EncodeOptions extends WindowOptions {
  /** Whether the dense CLIP map is made, which segmentation needs. */
  readonly dense?: boolean | undefined;
  /** Feature maps to keep: `stem`, `os4`, `os8`, `mid`, `preLast`, `final`. */
  readonly levels?: readonly string[] | undefined;
}

/** Options of `features`. */
export interface FeatureOptions extends WindowOptions {
  /** Maps wanted: the tower's levels, and `dense`. Default: `os4`, `os8`, `mid`, `final`. */
  readonly levels?: readonly string[] | undefined;
}

/** Options of `classify` and `segment`: how words become a matrix. */
export type WordOptions = Pick<EmbedVocabularyOptions, 'prompts' | 'cacheDir'>;

export interface ClassifyOptions extends WordOptions, WorkOptions {
  /** How many labels, best first. Default: all. */
  readonly top?: number | undefined;
  /** Factor on the cosines before the softmax. Default 100. */
  readonly scale?: number | undefined;
}

export interface SegmentOptions extends WordOptions, WindowOptions, Pick<LabelPixelsOptions, 'threshold' | 'background' | 'scale'> {}

/** One class per pixel of the picture, in its original size. */
export interface Segmentation extends LabelMap<Uint16Array> {
  /** What the numbers of the map mean. */
  readonly labels: readonly Label[];
}

export interface RetrieveOptions extends RetrievalOptions, Pick<WindowOptions, 'batch'> {
  /** The picture that each caption belongs to. Default: the n-th caption belongs to the n-th picture. */
  readonly imageOfText?: ArrayLike<number> | undefined;
}
