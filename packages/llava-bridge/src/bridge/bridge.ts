import { type ImageSource, openModel, type OpenModelOptions, Running, type WeightAddresses } from '@vitamin-vlm/backbone';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { type PoolOptions, SessionPool } from '@vitamin-vlm/runtime';
import { Decoder, defaultContext } from '../decoder/decoder.ts';
import { embedPrompt } from '../decoder/embed-prompt.ts';
import { type FinishReason, type GenerateOptions, generateIds } from '../generate/generate.ts';
import { untilStop } from '../generate/stop-strings.ts';
import { identityProjector, type OpenedProjector, openProjector } from '../load/open-projector.ts';
import { availableBytes, expectMemory, llamaMemory, type LlamaMemory } from '../load/llama-memory.ts';
import type { LlamaConfig } from '../models/llama-config.ts';
import { countMatrices, countParameters, describeLlama, type LlamaFolder, openLlama } from '../load/open-llama.ts';
import { pictureMessage, renderPrompt } from '../prompt/render-prompt.ts';
import type { Template } from '../prompt/template.ts';
import { templateOf } from '../prompt/template-of.ts';
import type { LlamaTokenizer } from '../tokenizer/llama-tokenizer.ts';
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts';
import { type BridgeSettings, projectorOf } from './bridge-settings.ts';
import { TokenMaker, tokenWidth, type TokenMakerOptions, type TokenResult } from '../tokens/token-maker.ts';
import type { TokenRecipe, VisualTokens } from '../tokens/visual-tokens.ts';
import type { CodecOptions, TokenCodec } from '../gguf/token-codec.ts';

/** What a bridge is made of. */
export interface BridgeOptions extends Omit<TokenMakerOptions, 'sessions'>, Omit<OpenModelOptions, 'cacheDir' | 'prefix'>, PoolOptions {
  /** Address of the tower: as `openModel` takes it. */
  readonly tower: WeightAddresses;
  /** Address of the projector, or `identity` for features as they are. Default: that in the folder of the language model. */
  readonly projector?: string | undefined;
  /** Address of a language model with its tokenizer. Without one, tokens can be made but nothing asked. */
  readonly llm?: string | undefined;
  /** False: of the language model only its folder is asked how pictures are read. Default true. */
  readonly answers?: boolean | undefined;
  /** Default: what the language model's folder says, else `vicuna_v1`. */
  readonly template?: string | Template | undefined;
  /** In place of the template's own. */
  readonly system?: string | undefined;
  /** What the language model multiplies in; `int8` takes a quarter of the memory and is a little coarser. Default `float32`. */
  readonly llmPrecision?: 'float32' | 'int8' | undefined;
  /** Bytes that the language model may take. Default: what is free. */
  readonly memory?: number | undefined;
  /** Told before the language model is loaded. */
  readonly onMemory?: ((memory: LlamaMemory) => void) | undefined;
  /** Tokens that the language model reads at most. Default: what it was made for, at most 4096. */
  readonly context?: number | undefined;
}

/** How a question is answered. */
export interface AskOptions extends Omit<GenerateOptions, 'eos'> {
  /** Texts that end an answer; they are not given out. */
  readonly stop?: readonly string[] | undefined;
  /** Questions and answers before this one, in turn. The pictures belong to the first question. */
  readonly history?: readonly string[] | undefined;
}

interface Talker {
  readonly decoder: Decoder;
  readonly tokenizer: LlamaTokenizer;
}

/**
 * A tower, a projector and a language model: pictures in, tokens or answers out.
 *
 * @example
 * ```ts
 * import { Bridge } from '@vitamin-vlm/llava-bridge';
 * await using bridge = await Bridge.load({ tower: 'vitamin-large-336', projector: 'mm_projector.bin', llm: 'tiny-llama' });
 * const tokens = await bridge.tokens('street.jpg'); // once for any number of questions
 * for await (const text of bridge.ask(tokens, 'What color is the umbrella?')) process.stdout.write(text);
 * ```
 */
export class Bridge implements AsyncDisposable {
  readonly template: Template;
  /** Which weights, 64 hexadecimal digits each. */
  readonly identity: { readonly tower: string; readonly projector: string; readonly languageModel?: string };
  /** Folder of the language model, where there is one. */
  readonly folder: string | undefined;
  readonly #maker: TokenMaker;
  readonly #sessions: SessionPool;
  readonly #talker: Talker | undefined;
  readonly #running = new Running('bridge');

  private constructor(
    maker: TokenMaker,
    sessions: SessionPool,
    talker: Talker | undefined,
    template: Template,
    folder: string | undefined,
  ) {
    this.#maker = maker;
    this.#sessions = sessions;
    this.#talker = talker;
    this.template = template;
    this.folder = folder;
    this.identity = { ...maker.identity, ...(talker ? { languageModel: talker.decoder.model.identity } : {}) };
  }

  /**
   * Opens all parts and checks that they fit each other. Nothing is computed yet.
   *
   * @throws VitaminError as `openModel`, `openProjector`, `openLlama` and `loadTokenizer`; `WEIGHTS_MISMATCH` with both numbers where widths differ.
   */
  static async load(options: BridgeOptions): Promise<Bridge> {
    if (options.template !== undefined) templateOf(options.template); // a wrong name is told before anything is opened
    const { tower, llm, answers = true, context, threads, provider, execution, cacheDir, maxBytes } = options;
    const described = llm === undefined ? undefined : await describeLlama(llm, options);
    if (described && answers) checkMemory(described.config, options);
    const weighed = described && answers ? await openLlama(described.address, { ...options, precision: options.llmPrecision }) : undefined;
    const opened = weighed ?? described;
    const model = await openModel(tower, options);
    const projector = await openProjectorOf(options, opened, tokenWidth(model));
    expectWidth(opened, projector);
    const tokenizer = weighed && (await loadTokenizer(weighed.folder));
    const sessions = new SessionPool({ threads, provider, execution, cacheDir, maxBytes });
    const { rule, layer, finalNorm, imageSize, grid, cacheBytes } = { ...opened?.settings, ...defined(options) };
    const maker = new TokenMaker(model, projector, { rule, layer, finalNorm, imageSize, grid, cacheBytes, sessions });
    const talker = weighed && tokenizer && { decoder: new Decoder(weighed, sessions, context), tokenizer };
    return new Bridge(maker, sessions, talker, writtenTemplate(options, opened?.settings), opened?.folder);
  }

  /** What the tower sees of a picture, for a language model. @throws VitaminError as `TokenMaker.tokens`. */
  async tokens(image: ImageSource, options: WorkOptions = {}): Promise<VisualTokens> {
    return await this.#maker.tokens(image, options);
  }

  /** How pictures are read. */
  get recipe(): TokenRecipe {
    return this.#maker.recipe;
  }

  /** What carries tokens through any program that is built on llama.cpp. @throws VitaminError as `TokenMaker.codec`. */
  codec(options: Omit<CodecOptions, 'grid'> = {}): TokenCodec {
    return this.#maker.codec(options);
  }

  /** A picture for such a program, PNG. @throws VitaminError as `TokenMaker.codecPicture`. */
  async codecPicture(codec: TokenCodec, image: ImageSource, options: WorkOptions = {}): Promise<Buffer> {
    return await this.#maker.codecPicture(codec, image, options);
  }

  /** Tokens of many pictures, one after the other: memory stays flat. */
  tokensOf(
    images: Iterable<ImageSource> | AsyncIterable<ImageSource>,
    options: WorkOptions = {},
  ): AsyncGenerator<TokenResult, void, undefined> {
    return this.#maker.stream(images, options);
  }

  /**
   * Answers a question about pictures, piece by piece; no piece ends inside a character. Without pictures: a question alone.
   *
   * @param images - Pictures, or their tokens, in the order of their places.
   * @throws VitaminError `USAGE` when no language model was loaded, or the prompt is longer than its context; `ABORTED` between tokens; and as `tokens`.
   */
  async *ask(
    images: ImageSource | VisualTokens | readonly (ImageSource | VisualTokens)[],
    question: string,
    options: AskOptions = {},
  ): AsyncGenerator<string, void, undefined> {
    const { stop = [], history = [], signal } = options;
    using _ = this.#running.begin();
    if (!this.#talker)
      throw new VitaminError('USAGE', 'Expected a language model to answer but none was loaded', {
        hint: 'Load the bridge with the option llm.',
      });
    const { decoder, tokenizer } = this.#talker;
    const list = Array.isArray(images) ? (images as readonly (ImageSource | VisualTokens)[]) : [images as ImageSource | VisualTokens];
    // The language model is loaded while the tower looks.
    const opened = decoder.open({ signal });
    opened.catch(() => undefined); // told below, if the tower has not failed before
    const pictures: VisualTokens[] = [];
    for (const image of list) pictures.push(isTokens(image) ? image : await this.tokens(image, { signal }));
    await opened;
    const [first, ...rest] = [...history, question];
    const parts = renderPrompt(this.template, [pictureMessage(first, pictures.length), ...rest, null]);
    const asked = tokenizer.encodePrompt(parts);
    const prompt = await embedPrompt(
      decoder,
      asked,
      pictures.map(({ data }) => data),
      { signal },
    );
    const eos = [...new Set([tokenizer.eos, ...decoder.model.config.eos])];
    const promptIds = asked.filter((id) => id >= 0);
    let reason: FinishReason = 'length';
    const ids = generateIds(decoder, prompt, { ...options, eos, onFinish: (said) => (reason = said) }, promptIds);
    const isStopped = yield* untilStop(spell(tokenizer, ids), stop);
    options.onFinish?.(isStopped ? 'stop' : reason);
  }

  /** Waits for what runs, answers to their end included (leaving the loop is an end too), then frees everything. */
  async close(): Promise<void> {
    await this.#running.end();
    await this.#maker.close();
    await this.#sessions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws VitaminError `WEIGHTS_MISMATCH` with both numbers. */
function expectWidth(llm: LlamaFolder | undefined, { address, config }: OpenedProjector): void {
  if (!llm || llm.config.hidden === config.output) return;
  throw new VitaminError(
    'WEIGHTS_MISMATCH',
    `Expected a projector for the ${llm.config.hidden} numbers of ${llm.address} but ${address} gives ${config.output}`,
    { hint: 'A projector works with the language model that it was trained with, and with no other.' },
  );
}

/** Works out what a language model takes, tells it, and refuses what does not fit. */
function checkMemory(config: LlamaConfig, { context = defaultContext(config), llmPrecision, memory, onMemory }: BridgeOptions): void {
  const matrices = llmPrecision === 'int8' ? countMatrices(config) : 0;
  const needed = llamaMemory(config, { parameters: countParameters(config), matrices, context });
  onMemory?.(needed);
  expectMemory(needed, memory ?? availableBytes(), context);
}

/** The projector that was asked for, or the one in the language model's folder. */
async function openProjectorOf(options: BridgeOptions, opened: LlamaFolder | undefined, width: number): Promise<OpenedProjector> {
  if (options.projector === 'identity') return identityProjector(width);
  const address = options.projector ?? (opened && (await projectorOf(opened.folder)));
  if (address !== undefined) return await openProjector(address, options);
  throw new VitaminError('USAGE', 'Expected a projector or a language model that has one but received neither', {
    hint: 'Name the projector that was trained for your language model, for example mm_projector.bin.',
  });
}

/** The system text that a folder gives belongs to its own template. */
function writtenTemplate({ template, system }: BridgeOptions, said: BridgeSettings = {}): Template {
  const written = templateOf(template ?? said.template ?? 'vicuna_v1');
  return { ...written, system: system ?? (template === undefined ? said.system : undefined) ?? written.system };
}

/** Options that are given: one that is undefined leaves the default as it is. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function isTokens(image: ImageSource | VisualTokens): image is VisualTokens {
  return typeof image === 'object' && 'hidden' in image;
}

async function* spell(tokenizer: LlamaTokenizer, ids: AsyncIterable<number>): AsyncGenerator<string, void, undefined> {
  const stream = tokenizer.stream();
  for await (const id of ids) {
    const text = stream.push(id);
    if (text !== '') yield text;
  }
  const rest = stream.end();
  if (rest !== '') yield rest;
}
