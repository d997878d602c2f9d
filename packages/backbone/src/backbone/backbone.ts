import { type Tensor, tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { decodeImage, type ImageSource } from '@vitamin-vlm/image';
import { SessionPool } from '@vitamin-vlm/runtime';
import { classifyEncoding, type ScoredLabel } from '../image-encoding/ask.ts';
import { checkOrigin, type ImageEncoding, loadImageEncoding } from '../image-encoding/image-encoding.ts';
import { checkSameIdentity } from '../load/identity.ts';
import { checkImageSize } from '../load/image-size.ts';
import { type OpenedModel, openModel } from '../load/open-model.ts';
import type { WeightAddresses } from '../load/weights/open-weights.ts';
import { labelPixels } from '../tasks/label-pixels.ts';
import { type RetrievalRecall, retrievalRecall } from '../tasks/retrieval.ts';
import type { TokenBatch } from '../text/clip-tokenizer.ts';
import { embedVocabulary, type EmbedVocabularyOptions } from '../text/embed-vocabulary.ts';
import { type Label, parseLabels } from '../text/labels.ts';
import type { VocabularyMatrix } from '../text/vocabulary-matrix.ts';
import { windowGrid } from '../window/grid.ts';
import { cropFrom } from '../window/slide-windows.ts';
import { type EncodedImage, encodeEach } from './encode-each.ts';
import { type Encoder, encodeInWindows, encodeSquares, type FeatureMaps, slidePicture, wantsDense } from './encode.ts';
import { DENSE, ImageSide, usualLevels } from './image-side.ts';
import type {
  BackboneOptions,
  ClassifyOptions,
  EncodeOptions,
  FeatureOptions,
  RetrieveOptions,
  Segmentation,
  SegmentOptions,
  SessionsOptions,
  Words,
} from './options.ts';
import { Running } from './running.ts';
import { TextSide } from './text-side.ts';

/**
 * A CLIP model with both of its towers. Pictures are encoded once and asked with any words; a session of ONNX Runtime is made only when it is
 * first needed, and the text tower only when words come.
 *
 * @example
 * ```ts
 * import { Backbone } from '@vitamin-vlm/backbone';
 * await using backbone = await Backbone.load('nano');
 * const [best] = await backbone.classify('street.jpg', ['cat', 'dog', 'red umbrella']);
 * console.log(best?.label, best?.score);
 * ```
 */
export class Backbone implements AsyncDisposable {
  /** What was loaded: files, layout, sizes, identity. */
  readonly model: OpenedModel;
  /** Side of the square that the tower sees, in pixels. */
  readonly imageSize: number;
  readonly #sessions: SessionPool;
  readonly #ownsSessions: boolean;
  readonly #running = new Running('backbone');
  readonly #encoder: Encoder;
  readonly #text: TextSide | undefined;
  readonly #cacheDir: string | undefined;

  private constructor(model: OpenedModel, options: SessionsOptions) {
    const { threads, provider, cacheDir, execution, maxBytes, sessions } = options;
    this.model = model;
    this.imageSize = checkImageSize(options.imageSize ?? model.tower.imageSize, model.tower.stride);
    this.#sessions = sessions ?? new SessionPool({ threads, provider, cacheDir, execution, maxBytes });
    this.#ownsSessions = sessions === undefined;
    const { text: _, ...identity } = model.identity;
    this.#encoder = { identity, recipe: model.recipe, imageSize: this.imageSize, image: new ImageSide(model, this.#sessions) };
    this.#text = model.text && new TextSide(model, model.text, this.#sessions);
    this.#cacheDir = cacheDir;
  }

  /**
   * Loads a model by address: `nano` (comes with the package), a published name such as `vitamin-large-336`, `hf:org/name[@revision][/file]`,
   * a checkpoint file, or a folder. The weights stay in their file; nothing is computed yet.
   *
   * @throws VitaminError as `openModel` does.
   */
  static async load(addresses: WeightAddresses, options: BackboneOptions = {}): Promise<Backbone> {
    return new Backbone(await openModel(addresses, options), options);
  }

  /** The towers of a model that was opened before, by `openModel` or inside a larger model by `readModel`. */
  static from(model: OpenedModel, options: SessionsOptions = {}): Backbone {
    return new Backbone(model, options);
  }

  /**
   * Runs the image tower over a picture. Always gives the embedding of the picture as CLIP sees it (shortest edge to the image size, center
   * crop); with `dense` also the dense CLIP map and the levels asked for, over the whole picture in windows.
   *
   * @throws VitaminError as `decodeImage`; `USAGE` for sizes that do not fit; `UNSUPPORTED` for a checkpoint without the CLIP projection;
   *   `ABORTED` between windows; `RUNTIME`.
   */
  async encodeImage(source: ImageSource, options: EncodeOptions = {}): Promise<ImageEncoding> {
    return await this.#running.call(() => this.#encode(source, options));
  }

  /**
   * Encodes pictures as they are asked for: memory stays flat for any number of them. Without a dense map, `batch` pictures go into one run.
   * Gives each picture in order, with its encoding or with what was wrong with it; a broken picture does not stop the others. Progress counts
   * pictures; the total is 0 where it is not known, which is for everything but an array.
   *
   * @throws VitaminError for what is no picture's fault: `USAGE` for sizes that fit none, `UNSUPPORTED`, `ABORTED`, `RUNTIME`.
   */
  async *encodeImages(
    sources: Iterable<ImageSource> | AsyncIterable<ImageSource>,
    options: EncodeOptions = {},
  ): AsyncGenerator<EncodedImage, void, undefined> {
    const images = encodeEach(this.#encoder, sources, options);
    for (;;) {
      const { value, done } = await this.#running.call(() => images.next());
      if (done) return;
      yield value;
    }
  }

  /**
   * Feature maps of a picture from sliding windows, averaged where windows overlap.
   *
   * @throws VitaminError as `encodeImage`; `USAGE` for an unknown level.
   */
  async features(source: ImageSource, options: FeatureOptions = {}): Promise<FeatureMaps> {
    return await this.#running.call(() => this.#features(source, options));
  }

  /**
   * Normalized pixels in, stitched maps out: for frameworks that prepare pictures their own way. Windows that lie wholly in the padding are
   * computed once.
   *
   * @param pixels - [1, 3, H, W] with sides of at least a window.
   * @returns [1, C, H // stride, W // stride] by level.
   * @throws VitaminError as `features`.
   */
  async windowMaps(pixels: Tensor<'float32'>, options: Omit<FeatureOptions, 'size'> = {}): Promise<Record<string, Tensor<'float32'>>> {
    const {
      window = this.imageSize,
      stride = Math.floor(window / 2),
      batch = 1,
      levels = usualLevels(this.model.tower),
      placement = 'floor',
    } = options;
    const [n, channels, height = 0, width = 0] = pixels.shape;
    if (pixels.shape.length !== 4 || n !== 1 || channels !== 3) {
      throw new VitaminError('USAGE', `Expected pixels [1, 3, H, W] but received [${pixels.shape.join(', ')}]`);
    }
    const align = placement === 'aligned' ? this.model.tower.stride : 1;
    const grid = windowGrid(height, width, window, stride, { align });
    const crop = cropFrom(pixels, window);
    return await this.#running.call(() => this.#encoder.image.maps({ ...options, grid, crop, levels, batch }));
  }

  /**
   * Normalized pixels in, maps of the whole picture from one look at it out: for towers that see a picture at once.
   *
   * @param pixels - [1, 3, H, W] with sides that are multiples of the tower's stride.
   * @returns [1, C, H / stride, W / stride] by level.
   * @throws VitaminError `USAGE` for other pixels and unknown levels; `UNSUPPORTED` for a tower of one size; `RUNTIME`.
   */
  async wholeMaps(
    pixels: Tensor<'float32'>,
    options: WorkOptions & { readonly levels?: readonly string[] | undefined } = {},
  ): Promise<Record<string, Tensor<'float32'>>> {
    return await this.#running.call(() => this.#encoder.image.whole(pixels, options.levels ?? usualLevels(this.model.tower), options));
  }

  /** Embeds normalized squares: [N, 3, S, S] -> [N, E], not normalized. S need not be the image size. */
  async embedPixels(
    pixels: Tensor<'float32'>,
    options: WorkOptions & { readonly batch?: number | undefined } = {},
  ): Promise<Tensor<'float32'>> {
    const [n = 0, channels, size = 0, width] = pixels.shape;
    if (pixels.shape.length !== 4 || channels !== 3 || size !== width || n === 0) {
      throw new VitaminError('USAGE', `Expected pixels [N, 3, S, S] but received [${pixels.shape.join(', ')}]`);
    }
    const one = 3 * size * size;
    const inputs = Array.from({ length: n }, (_, i) => tensor('float32', [3, size, size], pixels.data.subarray(i * one, (i + 1) * one)));
    return await this.#running.call(() => this.#encoder.image.embed(inputs, size, options.batch ?? 1, options));
  }

  /** Embeds token ids, [N, L] with L at most the context -> [N, E], not normalized. @throws VitaminError `UNSUPPORTED` without a text tower. */
  async embedTokens(tokens: TokenBatch, options: WorkOptions = {}): Promise<Tensor<'float32'>> {
    return await this.#running.call(() => this.#requireText().embed(tokens, options));
  }

  /** Embeds texts as they stand: [N, E], not normalized. @throws VitaminError `UNSUPPORTED` for a checkpoint without a text tower, or without the tokenizer that it needs. */
  async embedTexts(texts: readonly string[], options: WorkOptions = {}): Promise<Tensor<'float32'>> {
    return await this.#running.call(() => this.#requireText().embedTexts(texts, options));
  }

  /**
   * Makes a classifier of words, or finds it in the cache: then the text tower is not even loaded.
   *
   * @throws VitaminError `UNSUPPORTED` for a checkpoint without a text tower, or without the tokenizer that it needs, and as `embedVocabulary`.
   */
  async vocabulary(words: readonly string[] | readonly Label[], options: EmbedVocabularyOptions = {}): Promise<VocabularyMatrix> {
    return await this.#running.call(() => this.#vocabulary(words, options));
  }

  /**
   * Reads an encoding that this model made: of its tower and head, with its position embedding and precision.
   *
   * @throws VitaminError as `loadImageEncoding`.
   */
  async loadEncoding(path: string): Promise<ImageEncoding> {
    return await loadImageEncoding(path, { identity: this.model.identity, recipe: this.model.recipe });
  }

  /** @throws VitaminError `WEIGHTS_MISMATCH` that names what differs, when another model made the encoding. */
  checkEncoding(encoding: ImageEncoding): void {
    checkOrigin(encoding, { identity: this.model.identity, recipe: this.model.recipe });
  }

  /** What is in a picture: labels by probability, best first. @throws VitaminError as `encodeImage` and `vocabulary`. */
  async classify(source: ImageSource, words: Words, options: ClassifyOptions = {}): Promise<ScoredLabel[]> {
    const { top, scale, signal, onProgress } = options;
    return await this.#running.call(async () => {
      const vocabulary = await this.#matrix(words, options);
      return classifyEncoding(await this.#encode(source, { signal, onProgress }), vocabulary, { top, scale });
    });
  }

  /** What is where in a picture, without any training for it: one label per pixel. @throws VitaminError as `features` and `vocabulary`. */
  async segment(source: ImageSource, words: Words, options: SegmentOptions = {}): Promise<Segmentation> {
    return await this.#running.call(async () => {
      const vocabulary = await this.#matrix(words, options);
      const { maps, geometry } = await this.#features(source, { ...options, levels: [DENSE] });
      const map = await labelPixels(maps[DENSE]!, vocabulary, geometry, { ...options, onProgress: undefined });
      return { ...map, labels: vocabulary.labels };
    });
  }

  /** How well pictures and captions find each other: recall at 1, 5 and 10. @throws VitaminError as `encodeImage` and `retrievalRecall`. */
  async retrieval(images: readonly ImageSource[], captions: readonly string[], options: RetrieveOptions = {}): Promise<RetrievalRecall> {
    const { imageOfText = captions.map((_, i) => i), batch, signal, onProgress, ...others } = options;
    const texts = await this.embedTexts(captions, { signal });
    const width = this.model.tower.embedDim ?? 0;
    const pooled = tensor('float32', [images.length, width]);
    let done = 0;
    for await (const { encoding, error } of this.encodeImages(images, { batch, signal, onProgress })) {
      if (error) throw error;
      pooled.data.set(encoding.pooled.data, width * done++);
    }
    return await retrievalRecall(pooled, texts, imageOfText, { ...others, signal });
  }

  /** Waits for the calls that run, then frees all sessions. Later calls are refused; closing again does nothing. */
  async close(): Promise<void> {
    await this.#running.end();
    if (this.#ownsSessions) await this.#sessions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #encode(source: ImageSource, options: EncodeOptions): Promise<ImageEncoding> {
    if (wantsDense(options)) return await encodeInWindows(this.#encoder, source, options);
    const [encoding] = await encodeSquares(this.#encoder, [source], options);
    return encoding!;
  }

  async #features(source: ImageSource, options: FeatureOptions): Promise<FeatureMaps> {
    return await slidePicture(this.#encoder, await decodeImage(source), options.levels ?? usualLevels(this.model.tower), options);
  }

  async #vocabulary(words: readonly string[] | readonly Label[], options: EmbedVocabularyOptions): Promise<VocabularyMatrix> {
    const labels = typeof words[0] === 'object' ? (words as readonly Label[]) : parseLabels(words as readonly string[]);
    return await embedVocabulary(this.#requireText(), labels, { ...options, cacheDir: options.cacheDir ?? this.#cacheDir });
  }

  async #matrix(words: Words, options: EmbedVocabularyOptions): Promise<VocabularyMatrix> {
    if (!('embeddings' in words)) return await this.#vocabulary(words, options);
    checkSameIdentity(this.model.identity, words.identity, 'the model and the words');
    return words;
  }

  #requireText(): TextSide {
    if (this.#text) return this.#text;
    throw new VitaminError('UNSUPPORTED', `Expected a model with a text tower but ${this.model.address} has none`, {
      hint: 'Load the CLIP checkpoint instead of the image tower alone.',
    });
  }
}
