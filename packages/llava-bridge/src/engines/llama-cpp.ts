import { throwIfAborted, VitaminError } from '@vitamin-vlm/core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { callbackPieces, deferred, type OnToken } from './callback-pieces.ts';
import { checkGguf } from '../gguf/check-gguf.ts';
import type { TokenCodec } from '../gguf/token-codec.ts';
import type { FinishReason } from '../generate/generate.ts';
import { type Completion, LlamaProcess } from './llama-process.ts';
import { LLAMA_SPECIALS, type PromptPart } from '../prompt/prompt-part.ts';

/** What a llama.cpp runs on. */
export interface LlamaCppOptions {
  /** A language model, .gguf. */
  readonly model: string;
  /** What the pictures are written with. */
  readonly codec: TokenCodec;
  /** Tokens of prompt and answer at most. Default 2048, as LLaVA has it. */
  readonly context?: number | undefined;
  readonly threads?: number | undefined;
  /** What keys and values are kept in. Default `f16`, as llama.cpp has it; with `f32` its words are those of our decoder. */
  readonly cache?: 'f16' | 'f32' | undefined;
  /** Layers that a GPU computes, where the package was built for one. Default none. */
  readonly gpuLayers?: number | undefined;
  /** Folder of the package `@fugood/llama.node`. Default: where Node finds it, `NODE_PATH` included. */
  readonly engine?: string | undefined;
}

/** How an answer is chosen. */
export interface LlamaCppAsk {
  readonly maxTokens?: number | undefined;
  /** Default 0: the likeliest word each time. */
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly repetitionPenalty?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when an answer has ended; not when it failed, or was left by its reader. */
  readonly onFinish?: ((reason: FinishReason) => void) | undefined;
}

const PACKAGE = '@fugood/llama.node';
/** Where a picture stands in llama.cpp's prompts. */
const MARKER = '<__media__>';
/** LLaVA's own bounds. */
const [CONTEXT, MAX_TOKENS] = [2048, 512];

/**
 * A language model in GGUF, run by llama.cpp in a process beside this one, that reads the tokens of our towers through a `TokenCodec`: a Vicuna in 4 bits sees with a ViTamin.
 * The package `@fugood/llama.node` (prebuilt, MIT) is loaded when it is installed, and is not part of this one.
 *
 * @example
 * ```ts
 * import { identityProjector, LlamaCpp, pictureMessage, renderPrompt, TokenCodec } from '@vitamin-vlm/llava-bridge';
 * import { tensor } from '@vitamin-vlm/core';
 * const codec = new TokenCodec(identityProjector(4096), { grid: { height: 21, width: 21 } });
 * await using llama = await LlamaCpp.load({ model: 'vicuna-7b-v1.5.Q4_K_M.gguf', codec });
 * const picture = await codec.picture(tensor('float32', [441, 4096]));
 * const prompt = renderPrompt('vicuna_v1', [pictureMessage('What is this?'), null]);
 * for await (const text of llama.generate(prompt, [picture])) process.stdout.write(text);
 * ```
 */
export class LlamaCpp implements AsyncDisposable {
  readonly #process: LlamaProcess;
  readonly #folder: string;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(started: LlamaProcess, folder: string) {
    this.#process = started;
    this.#folder = folder;
  }

  /**
   * @throws VitaminError `UNSUPPORTED` when the package is not installed; `WEIGHTS_MISSING`, `WEIGHTS_CORRUPT` for the model; `WEIGHTS_MISMATCH` for one of another
   *   width than the codec's; `RUNTIME` when llama.cpp does not load it.
   */
  static async load({
    model,
    codec,
    context = CONTEXT,
    threads,
    gpuLayers = 0,
    cache = 'f16',
    engine,
  }: LlamaCppOptions): Promise<LlamaCpp> {
    const found = engine ?? findEngine();
    // llama.cpp ends without a word when a file is not what it should be.
    const { embedding } = await checkGguf(model);
    const { output } = codec.projector.config;
    if (embedding !== output) {
      throw new VitaminError(
        'WEIGHTS_MISMATCH',
        `Expected a projector for the ${embedding} numbers of ${model} but found one that gives ${output}`,
        {
          hint: 'A projector works with the language model that it was trained with, and with no other.',
        },
      );
    }
    const folder = await mkdtemp(join(tmpdir(), 'vitamin-codec-'));
    try {
      const projector = { path: join(folder, 'mmproj.gguf'), use_gpu: gpuLayers > 0 };
      await codec.write(projector.path);
      const caches = { n_ctx: context, cache_type_k: cache, cache_type_v: cache };
      const running = { n_gpu_layers: gpuLayers, ...(threads === undefined ? {} : { n_threads: threads }) };
      const load = { engine: found, model: { model: resolve(model), ...caches, ...running }, projector };
      return new LlamaCpp(await LlamaProcess.start(load), folder);
    } catch (cause) {
      await rm(folder, { recursive: true, force: true });
      if (cause instanceof VitaminError) throw cause;
      throw new VitaminError('RUNTIME', `Expected llama.cpp to load ${model} but it answered: ${messageOf(cause)}`, {
        hint: 'The file must be a GGUF language model of the width that the projector was trained for.',
        cause,
      });
    }
  }

  /**
   * Answers a prompt, piece by piece. One answer at a time: a second call waits for the first.
   *
   * @param pictures - What `codec.picture` made, one for each picture of the prompt.
   * @throws VitaminError `USAGE` for more or fewer pictures than places, and for text that llama.cpp would read as a picture or a special token; `RUNTIME`; `ABORTED`.
   */
  async *generate(
    prompt: readonly PromptPart[],
    pictures: readonly Uint8Array[],
    options: LlamaCppAsk = {},
  ): AsyncGenerator<string, void, undefined> {
    const { signal } = options;
    const text = written(prompt, pictures.length);
    const before = this.#last;
    const { promise, resolve: done } = deferred();
    this.#last = promise;
    await before;
    const abort = (): void => this.#process.stop();
    let ended = undefined as Completion | undefined;
    try {
      throwIfAborted(signal);
      signal?.addEventListener('abort', abort, { once: true });
      const request = { prompt: text, media_paths: pictures.map(dataUrl), ...settings(options) };
      let isFirst = true;
      const complete = async (onToken: OnToken): Promise<Completion> => (ended = await this.#process.complete(request, onToken));
      for await (const piece of callbackPieces(complete, abort)) {
        throwIfAborted(signal);
        // The space before the first word is the tokenizer's.
        const said = isFirst ? piece.replace(/^ /u, '') : piece;
        isFirst = false;
        if (said !== '') yield said;
      }
      throwIfAborted(signal);
    } catch (cause) {
      throwIfAborted(signal);
      if (cause instanceof VitaminError) throw cause;
      throw new VitaminError('RUNTIME', `Expected an answer from llama.cpp but received: ${messageOf(cause)}`, { cause });
    } finally {
      signal?.removeEventListener('abort', abort);
      done();
    }
    if (ended) options.onFinish?.(ended.stopped_limited || ended.context_full ? 'length' : 'stop');
  }

  /** Waits for what runs, then frees everything. */
  async close(): Promise<void> {
    await this.#last;
    await this.#process.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Where the package lies. It is an optional peer, so nothing of it is imported here. */
function findEngine(): string {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch (cause) {
    throw new VitaminError('UNSUPPORTED', `Expected the package ${PACKAGE}, which is llama.cpp, but it is not installed`, {
      hint: `npm install ${PACKAGE}, with -g beside a command that was installed so.`,
      cause,
    });
  }
}

/** The prompt as llama.cpp reads it, which takes every marker and every special token in a text for its own. */
function written(prompt: readonly PromptPart[], pictures: number): string {
  const places = prompt.filter(({ kind }) => kind === 'picture').length;
  if (places !== pictures)
    throw new VitaminError('USAGE', `Expected ${places} pictures for the places in the prompt but received ${pictures}`);
  for (const { kind, text } of prompt) {
    const read = kind === 'text' ? [MARKER, ...LLAMA_SPECIALS].find((name) => text.includes(name)) : undefined;
    if (read === undefined) continue;
    throw new VitaminError('USAGE', `Expected text but found ${read}, which llama.cpp reads as a picture or a special token`, {
      hint: 'Write it another way.',
    });
  }
  return prompt.map(({ kind, text }) => (kind === 'picture' ? MARKER : text)).join('');
}

function settings(options: LlamaCppAsk): Record<string, unknown> {
  const { maxTokens = MAX_TOKENS, temperature = 0, topP = 1, topK = 0, repetitionPenalty = 1, seed = 0, stop = [] } = options;
  const off = { min_p: 0, penalty_freq: 0, penalty_present: 0 };
  return { ...off, n_predict: maxTokens, temperature, top_p: topP, top_k: topK, penalty_repeat: repetitionPenalty, seed, stop };
}

function dataUrl(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
