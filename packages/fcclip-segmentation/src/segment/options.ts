import type { EmbedVocabularyOptions, ImageSource, Label, Recipe, SessionsOptions, WindowOptions } from '@vitamin-vlm/backbone';
import type { WorkOptions } from '@vitamin-vlm/core';
import type { SegmentEncoding } from '../encoding/segment-encoding.ts';
import type { SegmentVocabulary } from '../encoding/vocabulary.ts';
import type { OpenSegmenterOptions } from '../load/open-segmenter.ts';
import type { Tier } from '../recipe/recipe.ts';
import type { VocabularyName } from '../vocabulary/vocabularies.ts';

/** Options of `Segmenter.load`. */
export interface SegmenterOptions extends OpenSegmenterOptions, Omit<SessionsOptions, 'imageSize' | 'cacheDir'> {
  /**
   * Address of the CLIP model that the segmenter was built on, as `Backbone.load` takes it: for words, and for the image tower, where the file lacks them. Where both
   * hold a tensor it must be equal.
   */
  readonly tower?: string | undefined;
  /** `skip` leaves the tower's position embedding out in every window, as the released program does with a plain timm tower. Default `add`. */
  readonly posEmbed?: Recipe['posEmbed'] | undefined;
}

/** How a picture is read. In pixels of the network's input. ViTamin reads windows on a canvas of one size, ConvNeXt the whole picture at any size. */
export interface EncodeOptions extends Omit<WindowOptions, 'size' | 'placement'> {
  /** How densely windows lie: `exact` (default, as published), `balanced`, `fast`. */
  readonly tier?: Tier | undefined;
  /** Pixels from window to window, instead of a tier; a multiple of 16. */
  readonly stride?: number | undefined;
  /** ConvNeXt: pixels that the shorter edge is scaled to, and the most that the longer one may have. Default 800 and 1333. */
  readonly shortest?: number | undefined;
  readonly longest?: number | undefined;
}

/** How words become a classifier. */
export interface VocabularyOptions extends EmbedVocabularyOptions {
  /** Sentences that each name is put into. Default: FC-CLIP's 14. */
  readonly prompts?: EmbedVocabularyOptions['prompts'];
  /** Names of the labels that can be counted; all others are stuff. Default: those that do not name stuff of the training. */
  readonly things?: readonly string[] | undefined;
  /** Names of the labels that cannot be counted, beside those that name stuff of the training. */
  readonly stuff?: readonly string[] | undefined;
  /** Names to be scored as seen in training. Default: those of the classes of the training, letter by letter. */
  readonly seen?: readonly string[] | undefined;
}

/** Names (`|` separates synonyms), parsed labels, the name of a list that comes with the package, or a vocabulary made before. */
export type SegmentWords = VocabularyName | readonly string[] | readonly Label[] | SegmentVocabulary;

/** What is wanted: segments that do not overlap, a label for each pixel, single things, or all of them. */
export type SegmentTask = 'panoptic' | 'semantic' | 'instance' | 'all';

/** How the segmenter's and CLIP's opinion become an answer. Defaults: those of the model. */
export interface AnswerOptions extends WorkOptions {
  /** Default `panoptic`. */
  readonly task?: SegmentTask | undefined;
  /** Weight of CLIP's opinion for words that were seen in training, 0 to 1. FC-CLIP on ViTamin: 0.45, on ConvNeXt: 0.4. */
  readonly alpha?: number | undefined;
  /** Weight of CLIP's opinion for other words, 0 to 1. FC-CLIP on ViTamin: 0.7, on ConvNeXt: 0.8. */
  readonly beta?: number | undefined;
  /** Panoptic: only masks whose best word scores above this count, 0 to 1. FC-CLIP: 0. */
  readonly score?: number | undefined;
  /** Panoptic: a mask of which a smaller share is left by the others is dropped, 0 to 1. FC-CLIP: 0.8. */
  readonly overlap?: number | undefined;
  /** Instances at most, before stuff is dropped. FC-CLIP: 100. */
  readonly max?: number | undefined;
  /** Semantic: a pixel whose best word has a smaller sum of probabilities is none of them. Default 0: every pixel gets a label. */
  readonly threshold?: number | undefined;
}

/** Options of `Segmenter.segment`. Of an encoding, tier, window, stride and edges must be those that it was made with. */
export interface SegmentOptions extends EncodeOptions, VocabularyOptions, AnswerOptions {}

/** What can be asked: a picture, or its encoding. */
export type SegmentSource = ImageSource | SegmentEncoding;
