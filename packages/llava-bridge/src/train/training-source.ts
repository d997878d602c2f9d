import { join } from 'node:path';
import type { OpenedModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { SessionPool, type SessionOptions } from '@vitamin-vlm/runtime';
import { randomStream } from '@vitamin-vlm/training';
import { identityProjector } from '../load/open-projector.ts';
import type { OpenedLlama } from '../load/open-llama.ts';
import { PLAIN_GRID } from '../models/grid-features.ts';
import { templateOf } from '../prompt/template-of.ts';
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts';
import { TokenMaker, type TokenOptions, tokenWidth } from '../tokens/token-maker.ts';
import { labelCaption, labelConversation, type LabeledSample } from './label-sample.ts';
import { mergeSamples } from './merge-samples.ts';
import type { TrainingSample } from './training-data.ts';
import { trainingFeeds, type TrainingModel, type TrainingSize } from './training-graph.ts';

/** How samples are read. */
export interface SourceOptions extends TokenOptions {
  readonly stage: 1 | 2;
  /** Folder of the pictures. */
  readonly images: string;
  readonly session?: Omit<SessionOptions, 'signal' | 'onProgress'> | undefined;
}

/** Samples and their pictures as a training takes them, and the model that learns from them. */
export class TrainingSource implements AsyncDisposable {
  readonly maker: TokenMaker;
  readonly model: TrainingModel;
  readonly #samples: readonly TrainingSample[];
  readonly #labeled: readonly LabeledSample[];
  readonly #images: string;
  readonly #sessions: SessionPool;
  #order: { readonly epoch: number; readonly places: readonly number[] } | undefined;

  private constructor(
    { maker, model, sessions }: { readonly maker: TokenMaker; readonly model: TrainingModel; readonly sessions: SessionPool },
    samples: readonly TrainingSample[],
    labeled: readonly LabeledSample[],
    images: string,
  ) {
    this.maker = maker;
    this.model = model;
    this.#sessions = sessions;
    this.#samples = samples;
    this.#labeled = labeled;
    this.#images = images;
  }

  /** Pictures are cut to a square in the first stage and filled up in the second, as in LLaVA; for the rest the language model's folder counts. */
  static async open(
    samples: readonly TrainingSample[],
    llm: OpenedLlama,
    tower: OpenedModel,
    options: SourceOptions,
  ): Promise<TrainingSource> {
    const { settings } = llm;
    const { stage, images, session = {} } = options;
    const tokenizer = await loadTokenizer(llm.folder);
    const template = templateOf(settings.template ?? 'vicuna_v1');
    const written = { ...template, system: settings.system ?? template.system };
    const labeled = samples.map(({ turns }) =>
      stage === 1 ? labelCaption(tokenizer, turns) : labelConversation(tokenizer, turns, written),
    );
    const rule = options.rule ?? (stage === 1 ? 'square' : 'pad');
    const {
      layer = settings.layer,
      finalNorm = settings.finalNorm,
      imageSize = settings.imageSize,
      grid = settings.grid ?? PLAIN_GRID,
    } = options;
    const input = tokenWidth(tower) * grid.merge ** 2;
    const sessions = new SessionPool(session);
    const maker = new TokenMaker(tower, identityProjector(input), { rule, layer, finalNorm, imageSize, grid, sessions, cacheBytes: 0 });
    const side = maker.recipe.size / tower.tower.stride;
    const model: TrainingModel = {
      llama: llm.config,
      projector: { type: 'mlp2x_gelu', depth: 2, input, output: llm.config.hidden },
      weights: llm.weights,
      norm: maker.recipe.finalNorm ? tower.weights : undefined,
      grid: { ...grid, height: side, width: side },
    };
    return new TrainingSource({ maker, model, sessions }, samples, labeled, images);
  }

  /** Samples of which nothing is learned. */
  get unlearned(): number {
    return this.#labeled.filter(({ warning }) => warning !== '').length;
  }

  /** Tokens of a picture. */
  get #tokens(): number {
    const { height, width, merge } = this.model.grid!;
    return (height * width) / merge ** 2;
  }

  /** Sizes that hold every batch of `rows` samples. @throws VitaminError `USAGE` where a picture alone is longer than `maxLength`. */
  sizeOf(rows: number, maxLength: number): TrainingSize {
    const tokens = this.#tokens;
    if (tokens >= maxLength)
      throw new VitaminError('USAGE', `Expected samples longer than the ${tokens} tokens of a picture but received ${maxLength}`);
    const words = this.#labeled.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
    const length = this.#labeled.reduce(
      (longest, { ids }) => Math.max(longest, ids.length + ids.filter((id) => id < 0).length * (tokens - 1)),
      0,
    );
    return { rows, length: Math.min(length, maxLength), words: rows * words, cells: rows * tokens };
  }

  /** Feeds of the batch of a number, from 1: samples in an order by chance, another one in each epoch. */
  async batchOf(index: number, size: TrainingSize, seed: number): Promise<Record<string, Tensor>> {
    const { projector, grid } = this.model;
    const count = this.#samples.length;
    const cells = grid!.height * grid!.width;
    const channels = projector.input / grid!.merge ** 2;
    const features = tensor('float32', [size.rows * cells, channels]);
    const chosen: LabeledSample[] = [];
    for (let row = 0; row < size.rows; row++) {
      const place = (index - 1) * size.rows + row;
      const at = this.#orderOf(Math.floor(place / count), seed)[place % count]!;
      const { image } = this.#samples[at]!;
      chosen.push(this.#labeled[at]!);
      // A sample without a picture has a place in the list all the same, of zeros.
      if (image !== undefined) features.data.set((await this.maker.features(join(this.#images, image))).data, row * cells * channels);
    }
    const merged = mergeSamples(
      chosen,
      chosen.map(() => this.#tokens),
      { maxLength: size.length },
    );
    return { ...trainingFeeds(merged, size), features };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.maker.close();
    await this.#sessions.close();
  }

  #orderOf(epoch: number, seed: number): readonly number[] {
    if (this.#order?.epoch === epoch) return this.#order.places;
    const random = randomStream(seed, epoch);
    const places = this.#samples.map((_, i) => i);
    for (let i = places.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [places[i], places[j]] = [places[j]!, places[i]!];
    }
    this.#order = { epoch, places };
    return places;
  }
}
