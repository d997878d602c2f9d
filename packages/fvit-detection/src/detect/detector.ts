import {
  Backbone,
  checkRecipe,
  checkSameIdentity,
  type FeatureMaps,
  type ImageGeometry,
  type ImageSource,
  Running,
} from '@vitamin-vlm/backbone';
import { type Box, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { decodeImage } from '@vitamin-vlm/image';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { DetectionEncoding } from '../encoding/detection-encoding.ts';
import { makeVocabulary } from '../encoding/make-vocabulary.ts';
import type { DetectionVocabulary } from '../encoding/vocabulary.ts';
import { type OpenedDetector, openDetector } from '../load/open-detector.ts';
import { cellOf, TOWER_MAPS } from '../models/tower-levels.ts';
import { type DetectionRecipe, defaultReadSettings, detectorNormalization, windowsFor } from '../recipe/recipe.ts';
import { answer } from './answer.ts';
import { checkSettings } from './check-settings.ts';
import type { Detections } from './detections.ts';
import { encodeRegions } from './encode-regions.ts';
import { Heads, type Maps } from './heads.ts';
import type { DetectionWords, DetectOptions, DetectorOptions, DetectSource, EncodeOptions, VocabularyOptions } from './options.ts';
import { type PreparedPicture, preparePicture, scaleFactors, squareCanvas } from './prepare.ts';
import { clipVectorsOf, meanOfCorner } from './read-map.ts';
import { DENSE, readingOf, readTower } from './read-tower.ts';

/** A picture, or what came of it; errors are those of the picture alone. */
export type DetectedPicture =
  | { readonly source: DetectSource; readonly detections: Detections; readonly error?: never }
  | { readonly source: DetectSource; readonly error: VitaminError; readonly detections?: never };

/**
 * An open-vocabulary detector. A picture is encoded once and asked with any words; sessions of ONNX Runtime are made when they are first needed.
 *
 * @example
 * ```ts
 * import { Detector } from '@vitamin-vlm/fvit-detection';
 * await using detector = await Detector.load('fvit_ovcoco.pth', { tower: 'vitamin-large-336' });
 * const encoding = await detector.encode('street.jpg'); // the networks run once
 * for (const words of [['person', 'red umbrella'], ['dog', 'bicycle']]) {
 *   const { detections } = await detector.detect(encoding, words); // new words cost milliseconds
 *   for (const { label, score, box } of detections) console.log(label, score, box);
 * }
 * ```
 */
export class Detector implements AsyncDisposable {
  /** What was loaded: files, sizes, classes, settings, identity. */
  readonly model: OpenedDetector;
  readonly #backbone: Backbone;
  readonly #sessions: SessionPool;
  readonly #heads: Heads;
  readonly #running = new Running('detector');

  private constructor(model: OpenedDetector, options: DetectorOptions) {
    const { threads, provider, execution, maxBytes } = options;
    const cacheDir = options.cacheDir === false ? undefined : options.cacheDir;
    this.model = model;
    this.#sessions = new SessionPool({ threads, provider, execution, cacheDir, maxBytes });
    this.#backbone = Backbone.from(model.tower, { sessions: this.#sessions });
    this.#heads = new Heads(model, this.#sessions);
  }

  /**
   * Loads a detector. The weights stay in their files; nothing is computed yet.
   *
   * @throws VitaminError as `openDetector` does.
   */
  static async load(address: string, options: DetectorOptions = {}): Promise<Detector> {
    return new Detector(await openDetector(address, options), options);
  }

  /**
   * Everything that does not depend on words: tower, pyramid, proposals, and the vectors of their regions.
   *
   * @throws VitaminError as `decodeImage`; `USAGE` for a size that is no multiple of 16 or smaller than the window; `ABORTED` between windows; `RUNTIME`.
   */
  async encode(source: ImageSource, options: EncodeOptions = {}): Promise<DetectionEncoding> {
    return await this.#running.call(() => this.#encode(source, options));
  }

  /**
   * `encode` for a picture that was prepared before (`preparePicture`), on a canvas of any extents that are multiples of 16 and at least a window.
   *
   * @throws VitaminError as `encode`.
   */
  async encodePixels(picture: PreparedPicture, options: EncodeOptions = {}): Promise<DetectionEncoding> {
    return await this.#running.call(() => this.#encode(picture, options));
  }

  async #encode(source: ImageSource | PreparedPicture, options: EncodeOptions): Promise<DetectionEncoding> {
    const picture = isPrepared(source) ? source : await this.#prepare(source, options);
    const recipe = { ...this.#recipe(options), size: Math.max(picture.geometry.inputWidth, picture.geometry.inputHeight) };
    return await this.#encodeMaps(await this.#read(picture.pixels, recipe, Detector.levels, options), picture.geometry, recipe, options);
  }

  /**
   * The pass of the tower alone, for who builds something else on it as well, a segmenter on the same tower for example.
   *
   * @param options - `levels`: of the tower's maps, beside `Detector.levels`.
   * @throws VitaminError as `encode`.
   */
  async towerMaps(
    source: ImageSource,
    options: EncodeOptions & { readonly levels?: readonly string[] | undefined } = {},
  ): Promise<FeatureMaps> {
    const recipe = this.#recipe(options);
    const { pixels, geometry } = await this.#prepare(source, options);
    const levels = [...new Set([...Detector.levels, ...(options.levels ?? [])])];
    const maps = await this.#running.call(() => this.#read(pixels, recipe, levels, options));
    return { maps, geometry, identity: this.model.identity, recipe };
  }

  async #read(pixels: Tensor<'float32'>, recipe: DetectionRecipe, levels: readonly string[], options: EncodeOptions): Promise<Maps> {
    const more = levels.filter((level) => !Detector.levels.includes(level));
    const { maps, dense } = await readTower(this.#backbone, pixels, { ...readingOf(recipe, options), more });
    return { ...maps, [DENSE]: dense! };
  }

  async #prepare(source: ImageSource, options: EncodeOptions): Promise<PreparedPicture> {
    const { size, resize, normalization } = this.#recipe(options);
    return await preparePicture(await decodeImage(source), { ...squareCanvas(size), filter: resize, normalization }, options.signal);
  }

  /** The tower's maps that a detector is built on. */
  static readonly levels: readonly string[] = [...TOWER_MAPS, DENSE];

  /**
   * `encode` from a pass of the tower that was made for something else as well, a second detector on the same tower for example: its maps, which stay as they are. How
   * the picture was read must be how this detector reads, but for padding and size, which the encoding's recipe takes over.
   *
   * @param pass - With `Detector.levels`.
   * @throws VitaminError as `encode`; `WEIGHTS_MISMATCH` for another tower, or another recipe; `USAGE` when a level is missing.
   */
  async encodeMaps({ maps, geometry, identity, recipe }: FeatureMaps, options: EncodeOptions = {}): Promise<DetectionEncoding> {
    checkSameIdentity(identity, this.model.identity, 'the maps and the detector');
    const own = this.#recipe(options);
    const { edge, resize, window, stride, placement, normalization, posEmbed, precision } = own;
    checkRecipe(recipe, { edge, resize, window, stride, placement, normalization, posEmbed, precision }, 'the maps');
    const missing = Detector.levels.find((level) => maps[level] === undefined);
    if (missing !== undefined)
      throw new VitaminError('USAGE', `Expected the levels ${Detector.levels.join(', ')} but ${missing} is missing`);
    const copies = Detector.levels.map((level) => [level, tensor('float32', maps[level]!.shape, maps[level]!.data.slice())] as const);
    const read = { ...own, padding: recipe.padding, size: recipe.size };
    return await this.#running.call(() => this.#encodeMaps(Object.fromEntries(copies), geometry, read, options));
  }

  /** Gives the maps away. */
  async #encodeMaps(
    { [DENSE]: dense, ...maps }: Maps,
    geometry: ImageGeometry,
    recipe: DetectionRecipe,
    options: EncodeOptions,
  ): Promise<DetectionEncoding> {
    const { masks = false, dense: keepDense = false } = options;
    const tokens = keepDense ? meanOfCorner(maps['final']!, geometry.region, this.#cell) : undefined;
    const pooled = tokens ? await this.#heads.pooled(tokens, this.model.tower.tower, options) : undefined;
    const found = await encodeRegions({ maps, dense: dense!, geometry }, recipe, this.#heads, masks || keepDense, options);
    const { pyramid, ...regions } = found;
    return {
      identity: this.model.identity,
      recipe,
      geometry,
      ...regions,
      ...(masks ? { pyramid } : {}),
      ...(pooled ? { pooled, dense: tensor('float32', dense!.shape.slice(1), dense!.data) } : {}),
    };
  }

  /**
   * What is where in a picture, or in one that was encoded before: the same boxes either way.
   *
   * @param words - What to look for. Default: the classes that the detector was trained with.
   * @throws VitaminError as `encode` and `vocabulary`; `WEIGHTS_MISMATCH` when encoding or words are of another model; `UNSUPPORTED` for masks without a mask
   *   head; `USAGE` for masks of an encoding without its pyramid, and for settings out of range.
   */
  async detect(source: DetectSource, words?: DetectionWords, options: DetectOptions = {}): Promise<Detections> {
    return await this.#running.call(async () => {
      const vocabulary = await makeVocabulary(words, options, this.model, this.#backbone);
      const encoding = isEncoding(source) ? this.#checked(source) : await this.#encode(source, options);
      return await answer(encoding, vocabulary, { model: this.model, heads: this.#heads }, options);
    });
  }

  /**
   * `detect` for many pictures, one after the other as they are asked for: memory stays flat for any number of them. A broken picture gives its error, and the rest goes on.
   *
   * @throws VitaminError as `detect`, except what concerns one picture alone.
   */
  async *detectAll(
    sources: Iterable<DetectSource> | AsyncIterable<DetectSource>,
    words?: DetectionWords,
    options: DetectOptions = {},
  ): AsyncGenerator<DetectedPicture, void, undefined> {
    const vocabulary = await this.vocabulary(words, options);
    for await (const source of sources) {
      try {
        yield { source, detections: await this.detect(source, vocabulary, options) };
      } catch (error) {
        if (!(error instanceof VitaminError) || !['INPUT_NOT_FOUND', 'INPUT_UNREADABLE'].includes(error.code)) throw error;
        yield { source, error };
      }
    }
  }

  /**
   * Makes the classifier of some words, or finds it in the cache: then the text tower is not even loaded.
   *
   * @param words - Default: the classes that the detector was trained with, which are in its file.
   * @throws VitaminError `UNSUPPORTED` for new words when the detector was loaded without its CLIP model, and as `Backbone.vocabulary`; `USAGE` for a query of another width.
   */
  async vocabulary(words?: DetectionWords, options: VocabularyOptions = {}): Promise<DetectionVocabulary> {
    return await this.#running.call(() => makeVocabulary(words, options, this.model, this.#backbone));
  }

  /**
   * CLIP's vectors of regions of a picture, to be asked for with `like`: "find what looks like this box".
   *
   * @param boxes - x, y, width, height in pixels of the picture.
   * @returns [N, E], unit vectors.
   * @throws VitaminError as `encode`; `USAGE` for a box without a part of the picture.
   */
  async look(source: ImageSource, boxes: readonly Box[], options: EncodeOptions = {}): Promise<Tensor<'float32'>> {
    const recipe = this.#recipe(options);
    const picture = await this.#prepare(source, options);
    const { width, height } = picture.geometry;
    const wrong = boxes.find(([x, y, w, h]) => !(w > 0 && h > 0 && x < width && y < height && x + w > 0 && y + h > 0));
    if (wrong)
      throw new VitaminError('USAGE', `Expected boxes inside the picture of ${width} x ${height} but received ${wrong.join(', ')}`);
    const scale = scaleFactors(picture.geometry);
    const corners = boxes.flatMap(([x, y, w, h]) => [x * scale.x, y * scale.y, (x + w) * scale.x, (y + h) * scale.y]);
    const pass = { ...readingOf(recipe, options), only: 'dense' } as const;
    const { dense } = await this.#running.call(() => readTower(this.#backbone, picture.pixels, pass));
    return clipVectorsOf(dense!, Float32Array.from(corners), this.#cell);
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

  get #cell(): number {
    return cellOf(this.model.config);
  }

  #recipe(options: EncodeOptions): DetectionRecipe {
    const { tower, recipe } = this.model.tower;
    const defaults = { ...defaultReadSettings(tower, this.model.family), ...this.model.read };
    const read = {
      size: options.size ?? defaults.size,
      ...windowsFor(defaults, options),
      proposalsPerLevel: options.proposalsPerLevel ?? defaults.proposalsPerLevel,
      proposalNms: options.proposalNms ?? defaults.proposalNms,
      proposals: options.proposals ?? defaults.proposals,
    };
    if (!(Number.isInteger(read.size) && read.size > 0 && read.size % this.#cell === 0)) {
      throw new VitaminError('USAGE', `Expected a size that is a positive multiple of ${this.#cell} pixels but received ${read.size}`);
    }
    checkSettings(read);
    return {
      ...recipe,
      ...read,
      resize: defaults.resize,
      edge: 'longest',
      placement: options.placement ?? 'floor',
      padding: 'zeroAfter',
      normalization: detectorNormalization(this.model.config),
    };
  }

  #checked(encoding: DetectionEncoding): DetectionEncoding {
    checkSameIdentity(encoding.identity, this.model.identity, 'the encoding and the detector');
    if (encoding.identity.heads !== this.model.identity.heads) {
      throw new VitaminError('WEIGHTS_MISMATCH', 'Expected an encoding of this detector but it was made by another one on the same tower', {
        hint: 'Encode the picture again.',
      });
    }
    const { posEmbed, precision } = this.model.tower.recipe;
    checkRecipe(encoding.recipe, { posEmbed, precision }, 'the encoding');
    return encoding;
  }
}

function isEncoding(source: DetectSource): source is DetectionEncoding {
  return typeof source === 'object' && 'classVectors' in source;
}

function isPrepared(source: ImageSource | PreparedPicture): source is PreparedPicture {
  return typeof source === 'object' && 'pixels' in source;
}
