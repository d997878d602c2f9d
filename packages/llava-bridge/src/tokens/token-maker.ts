import { createHash } from 'node:crypto';
import { Backbone, type ImageSource, type OpenedModel, Running } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { decodeImage, type Picture } from '@vitamin-vlm/image';
import { SessionPool } from '@vitamin-vlm/runtime';
import { type CodecOptions, TokenCodec } from '../gguf/token-codec.ts';
import type { OpenedProjector } from '../load/open-projector.ts';
import { type GridRule, PLAIN_GRID } from '../models/grid-features.ts';
import { type PictureRule, preparePicture } from '../picture/prepare-picture.ts';
import { tokensGraph } from './tokens-graph.ts';
import { expectFinite, type TokenRecipe, type VisualTokens } from './visual-tokens.ts';

/** How pictures are read. */
export interface TokenOptions {
  /** Default `pad`. */
  readonly rule?: PictureRule | undefined;
  /** Which result of the tower's blocks: -1 after the last one, -2 (default, as in LLaVA) before it. */
  readonly layer?: number | undefined;
  /** Whether the norm of CLIP's head is applied. LLaVA does not. */
  readonly finalNorm?: boolean | undefined;
  /** Side of the square that the tower sees. Default: what it was trained at. */
  readonly imageSize?: number | undefined;
  /** What becomes of the tower's grid before the projector. Default: nothing, as in LLaVA. */
  readonly grid?: GridRule | undefined;
}

/** What a token maker runs on. */
export interface TokenMakerOptions extends TokenOptions {
  /** A pool that others share. Default: one of its own. */
  readonly sessions?: SessionPool | undefined;
  /** Bytes of tokens that are kept for pictures that come again. Default 256 MiB. */
  readonly cacheBytes?: number | undefined;
}

/** A picture's tokens, or what was wrong with the picture. */
export type TokenResult =
  | { readonly source: ImageSource; readonly tokens: VisualTokens; readonly error?: undefined }
  | { readonly source: ImageSource; readonly tokens?: undefined; readonly error: VitaminError };

const CACHE_BYTES = 256 * 2 ** 20;

/** Makes visual tokens of pictures: a tower's features at a layer, through a projector. */
export class TokenMaker implements AsyncDisposable {
  readonly recipe: TokenRecipe;
  /** Tokens along a side of the grid. */
  readonly side: number;
  readonly projector: OpenedProjector;
  readonly #backbone: Backbone;
  readonly #sessions: SessionPool;
  readonly #running = new Running('maker of tokens');
  readonly #ownsSessions: boolean;
  readonly #level: string;
  readonly #cacheBytes: number;
  /** By the hash of a picture, least recently used first. */
  readonly #cache = new Map<string, VisualTokens>();
  #cached = 0;

  /** @throws VitaminError `WEIGHTS_MISMATCH` when tower and projector differ in width, `USAGE` for a layer that the tower does not have. */
  constructor(model: OpenedModel, projector: OpenedProjector, options: TokenMakerOptions = {}) {
    const { rule = 'pad', layer = -2, finalNorm = false, imageSize, grid = PLAIN_GRID, sessions } = options;
    const width = tokenWidth(model);
    const numbers = width * grid.merge ** 2;
    if (projector.config.input !== numbers) {
      throw new VitaminError(
        'WEIGHTS_MISMATCH',
        `Expected a projector for the ${numbers} numbers of ${model.tower.id} but ${projector.address} takes ${projector.config.input}`,
        { hint: 'A projector works with the tower that it was trained with, and with no other.' },
      );
    }
    this.#level = levelOf(layer, model);
    this.#sessions = sessions ?? new SessionPool();
    this.#ownsSessions = sessions === undefined;
    this.#backbone = Backbone.from(model, { sessions: this.#sessions, imageSize });
    this.#cacheBytes = options.cacheBytes ?? CACHE_BYTES;
    this.projector = projector;
    const size = this.#backbone.imageSize;
    this.recipe = {
      ...model.recipe,
      size,
      edge: 'shortest',
      resize: 'bicubic',
      window: size,
      stride: size,
      placement: 'floor',
      padding: rule === 'pad' ? 'mean' : 'none',
      rule,
      layer,
      finalNorm,
      grid,
    };
    const cells = size / model.tower.stride;
    if (!Number.isInteger(cells / grid.merge)) {
      throw new VitaminError('USAGE', `Expected a grid of ${cells} cells that is merged by a divisor but received ${grid.merge}`);
    }
    this.side = cells / grid.merge;
  }

  /** Which weights, 64 hexadecimal digits each. */
  get identity(): VisualTokens['identity'] {
    return { tower: this.#backbone.model.identity.tower, projector: this.projector.identity };
  }

  /** Width of the embeddings. */
  get hidden(): number {
    return this.projector.config.output;
  }

  /** Tokens of one picture. @throws VitaminError as `decodeImage`; `RUNTIME` for numbers that are not finite; `ABORTED`. */
  async tokens(source: ImageSource, options: WorkOptions = {}): Promise<VisualTokens> {
    return await this.#running.call(() => this.#tokens(source, options));
  }

  async #tokens(source: ImageSource, options: WorkOptions): Promise<VisualTokens> {
    throwIfAborted(options.signal);
    const picture = await decodeImage(source);
    const key = createHash('sha256').update(`${picture.width}x${picture.height}`).update(picture.data).digest('hex');
    const known = this.#cache.get(key);
    this.#cache.delete(key);
    const tokens = known ?? (await this.#make(picture, options));
    this.#keep(key, tokens, known !== undefined);
    return tokens;
  }

  /** Tokens of many pictures, one after the other: memory stays flat, and a broken picture does not stop the others. */
  async *stream(
    sources: Iterable<ImageSource> | AsyncIterable<ImageSource>,
    options: WorkOptions = {},
  ): AsyncGenerator<TokenResult, void, undefined> {
    const total = Array.isArray(sources) ? sources.length : 0;
    let done = 0;
    for await (const source of sources) {
      try {
        yield { source, tokens: await this.tokens(source, { signal: options.signal }) };
      } catch (error) {
        if (!(error instanceof VitaminError) || !PICTURE_ERRORS.includes(error.code)) throw error;
        yield { source, error };
      }
      options.onProgress?.({ phase: 'run', done: ++done, total });
    }
  }

  /**
   * Tokens of pixels that were prepared elsewhere, [1, 3, S, S], normalized.
   *
   * @returns [tokens, hidden]
   */
  async project(pixels: Tensor<'float32'>, options: WorkOptions = {}): Promise<Projected> {
    return await this.#running.call(() => this.#project(pixels, options));
  }

  async #project(pixels: Tensor<'float32'>, options: WorkOptions): Promise<Projected> {
    const map = await this.towerMap(pixels, options);
    const [, channels = 0, height = 0, width = 0] = map.shape;
    const features = tensor('float32', [1, channels, height * width], map.data);
    const { config, identity } = this.projector;
    const { weights, identity: tower } = this.#backbone.model;
    const norm = this.recipe.finalNorm ? { weights, identity: tower.head ?? tower.tower } : undefined;
    const { grid } = this.recipe;
    const key = { kind: 'tokens', projector: identity, norm: norm?.identity, height, width, ...grid };
    using lease = await this.#sessions.lease(key, () => tokensGraph(this.projector, { height, width, grid, norm }), options);
    const { tokens } = await lease.session.run({ features }, { signal: options.signal });
    return { features: map, tokens: tensor('float32', [(height * width) / grid.merge ** 2, config.output], tokens!.data as Float32Array) };
  }

  /**
   * Features of one picture as the tower gives them, before norm, grid and projector: what a training begins with.
   *
   * @returns [cells, C]
   * @throws VitaminError as `decodeImage`.
   */
  async features(source: ImageSource, options: WorkOptions = {}): Promise<Tensor<'float32'>> {
    const map = await this.#running.call(async () => this.towerMap(await this.#prepare(await decodeImage(source), options), options));
    const [channels, cells] = [map.shape[1]!, map.shape[2]! * map.shape[3]!];
    const rows = tensor('float32', [cells, channels]);
    for (let c = 0; c < channels; c++) for (let i = 0; i < cells; i++) rows.data[i * channels + c] = map.data[c * cells + i]!;
    return rows;
  }

  /** The tower's result at the layer of this maker, for pixels that were prepared, [1, 3, S, S]: [1, C, h, w]. */
  async towerMap(pixels: Tensor<'float32'>, options: WorkOptions = {}): Promise<Tensor<'float32'>> {
    const size = pixels.shape[2]!;
    const maps = await this.#backbone.windowMaps(pixels, { window: size, stride: size, levels: [this.#level], signal: options.signal });
    return maps[this.#level]!;
  }

  /**
   * What carries tokens of this maker through llama.cpp.
   *
   * @throws VitaminError as `TokenCodec`; `UNSUPPORTED` for features that are not all that the projector takes.
   */
  codec(options: Omit<CodecOptions, 'grid'> = {}): TokenCodec {
    const { finalNorm, grid } = this.recipe;
    const isPlain = !finalNorm && !grid.positions && grid.merge === 1;
    if (options.carry === 'features' && !isPlain) {
      throw new VitaminError(
        'UNSUPPORTED',
        'Expected features as the tower gives them but the projector takes them normed, placed or merged',
        {
          hint: 'Carry tokens instead of features.',
        },
      );
    }
    const carry = options.carry ?? (isPlain ? undefined : 'tokens');
    return new TokenCodec(this.projector, { ...options, carry, grid: { height: this.side, width: this.side } });
  }

  /** A picture's tokens, or features, as a PNG for the file that `codec` writes. @throws VitaminError as `tokens` and `TokenCodec.picture`. */
  async codecPicture(codec: TokenCodec, source: ImageSource, options: WorkOptions = {}): Promise<Buffer> {
    const { carry } = codec;
    return await codec.picture(carry === 'tokens' ? (await this.tokens(source, options)).data : await this.features(source, options));
  }

  /** Waits for the calls that run, then frees all sessions of its own. */
  async close(): Promise<void> {
    await this.#running.end();
    await this.#backbone.close();
    if (this.#ownsSessions) await this.#sessions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #make(picture: Picture, options: WorkOptions): Promise<VisualTokens> {
    const { features, tokens } = await this.#project(await this.#prepare(picture, options), options);
    expectFinite(tokens, 'visual tokens');
    return {
      data: tokens,
      tokens: tokens.shape[0]!,
      hidden: tokens.shape[1]!,
      grid: { height: features.shape[2]! / this.recipe.grid.merge, width: features.shape[3]! / this.recipe.grid.merge },
      identity: this.identity,
      recipe: this.recipe,
    };
  }

  async #prepare(picture: Picture, options: WorkOptions): Promise<Tensor<'float32'>> {
    const { size, rule, normalization } = this.recipe;
    const { shape, data } = await preparePicture(picture, size, rule, { normalization, signal: options.signal });
    return tensor('float32', [1, ...shape], data);
  }

  #keep(key: string, tokens: VisualTokens, isKnown: boolean): void {
    if (tokens.data.data.byteLength > this.#cacheBytes) return;
    this.#cache.set(key, tokens);
    if (!isKnown) this.#cached += tokens.data.data.byteLength;
    for (const [oldest, { data }] of this.#cache) {
      if (this.#cached <= this.#cacheBytes) return;
      this.#cache.delete(oldest);
      this.#cached -= data.data.byteLength;
    }
  }
}

/** Errors that are a picture's own fault. */
const PICTURE_ERRORS: readonly string[] = ['INPUT_NOT_FOUND', 'INPUT_UNREADABLE', 'UNSUPPORTED', 'USAGE'];

/**
 * Numbers of one of the tower's tokens: what a projector for it takes.
 *
 * @example
 * ```ts
 * import { openModel } from '@vitamin-vlm/backbone';
 * import { tokenWidth } from '@vitamin-vlm/llava-bridge';
 * console.log(tokenWidth(await openModel('vitamin-large-336'))); // 1024
 * ```
 */
export function tokenWidth({ tower }: Pick<OpenedModel, 'tower'>): number {
  return tower.levels.find(({ name }) => name === tower.denseLevel)!.channels;
}

/** The tower's level for an index into the results of its blocks. */
function levelOf(layer: number, { tower }: OpenedModel): string {
  const depth = tower.levels.filter(({ name }) => name.startsWith('blocks.')).length;
  if (depth === 0) {
    throw new VitaminError('UNSUPPORTED', `Expected a tower of Transformer blocks but ${tower.id} has none`, {
      hint: 'LLaVA reads the tokens of a ViT or a ViTamin.',
    });
  }
  if (Number.isInteger(layer) && layer <= -1 && layer >= -depth)
    return layer === -1 ? 'final' : layer === -2 ? 'preLast' : `blocks.${depth + layer}`;
  throw new VitaminError('USAGE', `Expected a layer from -${depth} to -1 but received ${layer}`);
}

/** What a picture becomes on the way: the tower's map, [1, C, cells], and [tokens, hidden]. */
interface Projected {
  readonly features: Tensor<'float32'>;
  readonly tokens: Tensor<'float32'>;
}
