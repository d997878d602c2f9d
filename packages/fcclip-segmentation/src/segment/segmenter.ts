import {
  Backbone,
  checkRecipe,
  checkSameIdentity,
  type FeatureMaps,
  type ImageGeometry,
  type ImageSource,
  Running,
} from '@vitamin-vlm/backbone';
import { tensor, VitaminError } from '@vitamin-vlm/core';
import { decodeImage, detectron2Size } from '@vitamin-vlm/image';
import { SessionPool } from '@vitamin-vlm/runtime';
import { makeVocabulary } from '../encoding/make-vocabulary.ts';
import type { SegmentEncoding } from '../encoding/segment-encoding.ts';
import type { SegmentVocabulary } from '../encoding/vocabulary.ts';
import { type OpenedSegmenter, openSegmenter } from '../load/open-segmenter.ts';
import { clipHeadOf } from '../models/clip-head.ts';
import { towerLevels } from '../models/config.ts';
import { edgeLimits } from '../recipe/recipe.ts';
import { answer } from './answer.ts';
import { EncodedMasks } from './encoded-masks.ts';
import { Heads, type Maps } from './heads.ts';
import type { EncodeOptions, SegmenterOptions, SegmentOptions, SegmentSource, SegmentWords, VocabularyOptions } from './options.ts';
import { fittedGeometry, prepareAnySize, type PreparedPicture, preparePicture } from './prepare.ts';
import { readingOf } from './reading.ts';
import type { Segmented } from './segmented.ts';

/** A picture, or what came of it; errors are those of the picture alone. */
export type SegmentedPicture =
  | { readonly source: SegmentSource; readonly segmented: Segmented }
  | { readonly source: SegmentSource; readonly error: VitaminError };

/**
 * An open-vocabulary segmenter. A picture is encoded once and asked with any words; sessions of ONNX Runtime are made when they are first needed.
 *
 * @example
 * ```ts
 * import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
 * await using segmenter = await Segmenter.load('fcclip_vitamin_l.pth', { tower: 'vitamin-large-336' });
 * const encoding = await segmenter.encode('street.jpg'); // the networks run once
 * for (const words of [['person', 'road', 'sky'], ['red umbrella', 'street']]) {
 *   const { panoptic } = await segmenter.segment(encoding, words); // new words cost milliseconds
 *   for (const { label, score, area } of panoptic?.segments ?? []) console.log(label, score, area);
 * }
 * ```
 */
export class Segmenter implements AsyncDisposable {
  /** What was loaded: files, sizes, classes, settings, identity. */
  readonly model: OpenedSegmenter;
  /** The tower's maps that the segmenter is built on, by their names. */
  readonly levels: readonly string[];
  readonly #backbone: Backbone;
  readonly #sessions: SessionPool;
  readonly #heads: Heads;
  readonly #running = new Running('segmenter');
  readonly #masks = new WeakMap<SegmentEncoding, EncodedMasks>();

  private constructor(model: OpenedSegmenter, options: SegmenterOptions) {
    const { threads, provider, execution, maxBytes } = options;
    const cacheDir = options.cacheDir === false ? undefined : options.cacheDir;
    this.model = model;
    this.#sessions = new SessionPool({ threads, provider, execution, cacheDir, maxBytes });
    this.#backbone = Backbone.from(model.tower, { sessions: this.#sessions });
    const { config, weights, tower } = model;
    this.levels = towerLevels(config);
    this.#heads = new Heads({ config, weights, clipWeights: tower.weights, clipHead: clipHeadOf(tower.config) }, this.#sessions);
  }

  /**
   * Loads a segmenter. The weights stay in their files; nothing is computed yet.
   *
   * @throws VitaminError as `openSegmenter` does.
   */
  static async load(address: string, options: SegmenterOptions = {}): Promise<Segmenter> {
    return new Segmenter(await openSegmenter(address, options), options);
  }

  /**
   * Everything that does not depend on words: tower, masks, and their vectors.
   *
   * @throws VitaminError as `decodeImage`; `USAGE` for windows and sizes that do not fit; `ABORTED` between windows; `RUNTIME`.
   */
  async encode(source: ImageSource, options: EncodeOptions = {}): Promise<SegmentEncoding> {
    return await this.#running.call(() => this.#encode(source, options));
  }

  async #encode(source: ImageSource, options: EncodeOptions): Promise<SegmentEncoding> {
    const { canvas } = this.model.config;
    const { signal } = options;
    const edges = canvas ? undefined : edgeLimits(options);
    const picture = await decodeImage(source);
    const prepared = edges ? await prepareAnySize(picture, edges, signal) : await preparePicture(picture, canvas!, signal);
    return await this.#encodePixels(prepared, options);
  }

  /**
   * `encode` for a picture that was prepared before (`preparePicture`, `prepareAnySize`), on a canvas of the model.
   *
   * @throws VitaminError as `encode`; `USAGE` for another canvas.
   */
  async encodePixels(picture: PreparedPicture, options: EncodeOptions = {}): Promise<SegmentEncoding> {
    return await this.#running.call(() => this.#encodePixels(picture, options));
  }

  async #encodePixels({ pixels, geometry }: PreparedPicture, options: EncodeOptions): Promise<SegmentEncoding> {
    this.#checkCanvas(geometry);
    const recipe = readingOf(this.model, options);
    const { window, stride, placement } = recipe;
    const { batch, signal, onProgress } = options;
    const { levels } = this;
    const maps = this.model.config.canvas
      ? await this.#backbone.windowMaps(pixels, { window, stride, placement, batch, signal, onProgress, levels })
      : await this.#backbone.wholeMaps(pixels, { levels, signal });
    return await this.#encodeMaps(maps, geometry, recipe, options);
  }

  /**
   * `encode` from a pass of the tower that was made for something else as well, for a detector on the same tower for example: its maps, which stay as they are. How the
   * picture was read must be how this segmenter reads, but for padding, which the encoding's recipe takes over.
   *
   * @param pass - With the segmenter's `levels`, on the canvas of the model.
   * @throws VitaminError as `encode`; `WEIGHTS_MISMATCH` for another tower, or another recipe; `USAGE` for another canvas, and when a level is missing.
   */
  async encodeMaps({ maps, geometry, identity, recipe }: FeatureMaps, options: EncodeOptions = {}): Promise<SegmentEncoding> {
    checkSameIdentity(identity, this.model.identity, 'the maps and the segmenter');
    this.#checkCanvas(geometry);
    const own = { ...readingOf(this.model, options), padding: recipe.padding };
    checkRecipe(recipe, own, 'the maps');
    const missing = this.levels.find((level) => maps[level] === undefined);
    if (missing !== undefined) throw new VitaminError('USAGE', `Expected the levels ${this.levels.join(', ')} but ${missing} is missing`);
    const copies = this.levels.map((level) => [level, tensor('float32', maps[level]!.shape, maps[level]!.data.slice())] as const);
    const { canvas } = this.model.config;
    const fitted = canvas ? fittedGeometry(geometry, canvas) : geometry;
    return await this.#running.call(() => this.#encodeMaps(Object.fromEntries(copies), fitted, own, options));
  }

  #checkCanvas({ inputWidth, inputHeight }: ImageGeometry): void {
    const { canvas } = this.model.config;
    if (!canvas) return; // the tower checks it
    const { width, height } = canvas;
    if (inputWidth === width && inputHeight === height) return;
    throw new VitaminError('USAGE', `Expected a canvas of ${width} x ${height} but received ${inputWidth} x ${inputHeight}`, {
      hint: 'The position embedding of a segmenter is learned for one size.',
    });
  }

  /** Gives the maps away. */
  async #encodeMaps(
    maps: Maps,
    geometry: ImageGeometry,
    recipe: SegmentEncoding['recipe'],
    { signal, onProgress }: EncodeOptions,
  ): Promise<SegmentEncoding> {
    return { identity: this.model.identity, recipe, geometry, ...(await this.#heads.masks(maps, { signal, onProgress })) };
  }

  /**
   * What every pixel of a picture is, or of one that was encoded before: the same answer either way.
   *
   * @param words - What to look for. Default: the classes that the segmenter was trained with.
   * @throws VitaminError as `encode` and `vocabulary`; `WEIGHTS_MISMATCH` when encoding or words are of another model; `USAGE` for settings out of range.
   */
  async segment(source: SegmentSource, words?: SegmentWords, options: SegmentOptions = {}): Promise<Segmented> {
    return await this.#running.call(() => this.#segment(source, words, options));
  }

  async #segment(source: SegmentSource, words: SegmentWords | undefined, options: SegmentOptions): Promise<Segmented> {
    const vocabulary = await makeVocabulary(words, options, this.model, this.#backbone);
    const encoding = isEncoding(source) ? this.#checked(source, options) : await this.#encode(source, options);
    const masks = this.#masks.get(encoding) ?? new EncodedMasks(encoding);
    this.#masks.set(encoding, masks);
    return await answer(encoding, masks, vocabulary, { model: this.model, heads: this.#heads }, options);
  }

  /**
   * `segment` for many pictures, one after the other as they are asked for: memory stays flat for any number of them. A broken picture gives its error, and the rest goes on.
   *
   * @throws VitaminError as `segment`, except what concerns one picture alone.
   */
  async *segmentAll(
    sources: Iterable<SegmentSource> | AsyncIterable<SegmentSource>,
    words?: SegmentWords,
    options: SegmentOptions = {},
  ): AsyncGenerator<SegmentedPicture, void, undefined> {
    const vocabulary = await this.vocabulary(words, options);
    for await (const source of sources) {
      try {
        yield { source, segmented: await this.segment(source, vocabulary, options) };
      } catch (error) {
        if (!(error instanceof VitaminError) || !['INPUT_NOT_FOUND', 'INPUT_UNREADABLE'].includes(error.code)) throw error;
        yield { source, error };
      }
    }
  }

  /**
   * Makes the classifier of some words, or finds it in the cache: then the text tower is not even loaded.
   *
   * @param words - Default: the classes that the segmenter was trained with.
   * @throws VitaminError `UNSUPPORTED` when the segmenter was loaded without its CLIP model, and as `Backbone.vocabulary`; `USAGE` for a list that is none, and for things
   *   that are no label.
   */
  async vocabulary(words?: SegmentWords, options: VocabularyOptions = {}): Promise<SegmentVocabulary> {
    return await this.#running.call(() => makeVocabulary(words, options, this.model, this.#backbone));
  }

  /** Frees all sessions. Waits for what runs; calling it again does nothing. */
  async close(): Promise<void> {
    await this.#running.end();
    await this.#backbone.close();
    await this.#sessions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checked(encoding: SegmentEncoding, options: EncodeOptions): SegmentEncoding {
    checkSameIdentity(encoding.identity, this.model.identity, 'the encoding and the segmenter');
    if (encoding.identity.heads !== this.model.identity.heads) {
      throw new VitaminError(
        'WEIGHTS_MISMATCH',
        'Expected an encoding of this segmenter but it was made by another one on the same tower',
        {
          hint: 'Encode the picture again.',
        },
      );
    }
    const { posEmbed, precision } = this.model.tower.recipe;
    checkRecipe(encoding.recipe, { posEmbed, precision }, 'the encoding');
    this.#checkReading(encoding, options);
    return encoding;
  }

  /** How a picture was read matters where the caller says how. */
  #checkReading({ recipe, geometry }: SegmentEncoding, options: EncodeOptions): void {
    const { tier, window: asked, stride: step, shortest, longest } = options;
    if ([tier, asked, step, shortest, longest].every((value) => value === undefined)) return;
    const { size, window, stride } = readingOf(this.model, options);
    checkRecipe(recipe, { size, window, stride }, 'the encoding');
    if (this.model.config.canvas) return;
    const { width, height } = detectron2Size(geometry, size, edgeLimits(options).longest);
    const { region } = geometry;
    if (region.width === width && region.height === height) return;
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected the encoding to be of the picture at ${width} x ${height} but found ${region.width} x ${region.height}`,
      { hint: 'Encode the picture again the way it is to be asked.' },
    );
  }
}

function isEncoding(source: SegmentSource): source is SegmentEncoding {
  return typeof source === 'object' && 'maskLogits' in source;
}
