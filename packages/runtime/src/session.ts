import { stat } from 'node:fs/promises';

import { throwIfAborted, VitaminError, type Tensor, type WorkOptions } from '@vitamin-vlm/core';
import type { OnnxModel } from '@vitamin-vlm/graph';

import { abortable } from './abortable.ts';
import { defaultThreads } from './cgroup.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { cacheModel, defaultCacheDir } from './model-cache.ts';
import type { Provider } from './providers.ts';
import { checkFeeds, type NamedTensors, type ValueInfo } from './value-info.ts';
import { WorkerEngine } from './worker-engine.ts';

/** Options of `Session.create`. */
export interface SessionOptions extends WorkOptions {
  /** Threads within one operator of ONNX Runtime. Default: `defaultThreads()`. */
  readonly threads?: number | undefined;
  /** Default: `cpu`. Operators that another provider of ONNX Runtime lacks run on the CPU; TensorFlow.js refuses a model with such. */
  readonly provider?: Provider | undefined;
  /** `worker` (default) keeps this thread's event loop free; `inline` saves the thread and blocks while loading and running. */
  readonly execution?: 'worker' | 'inline' | undefined;
  /** Where graphs with external weights are put. Default: `defaultCacheDir()`. Best on the file system of the weights. */
  readonly cacheDir?: string | undefined;
  /** Graph optimization level of ONNX Runtime, as all that follows. Default: `all`. */
  readonly optimization?: EngineOptions['optimization'] | undefined;
  /**
   * Threads that wait for the next operator spin instead of sleeping: faster alone, slower when cores are shared.
   * Default: on, unless the open sessions of this process together have more threads than `defaultThreads()`.
   */
  readonly spinning?: boolean | undefined;
  /** Keeps freed CPU memory for the next run. Default: true; false gives memory back at some cost of speed. */
  readonly arena?: boolean | undefined;
  /** Plans all of a run's memory at once for repeated shapes. Default: true. */
  readonly memoryPattern?: boolean | undefined;
  /** Further configuration entries of ONNX Runtime, e.g. `{ 'session.set_denormal_as_zero': '1' }`. Unknown keys are ignored by it. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/** Options of `Session.run`. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Hands the feeds' buffers over instead of copying them: the arrays are empty afterwards. For large inputs and for
   * training. Without effect for an inline session, which copies nothing.
   */
  readonly transfer?: boolean | undefined;
  /**
   * Names of feeds that come back among the outputs, unchanged: with `transfer`, in the memory that was handed over. For what is fed again and again, such as
   * the cache of a language model.
   */
  readonly giveBack?: readonly string[] | undefined;
}

/** Threads of the sessions open in this process, to know whether cores are shared. */
let threadsInUse = 0;

/**
 * A network, ready to run. Calls are served one at a time, in order; several sessions run at once.
 *
 * An idle session does not keep the process alive; `process.exit()` during a call takes effect when that call has ended.
 *
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { Session } from '@vitamin-vlm/runtime';
 *
 * await using session = await Session.create({ path: 'model.onnx' }, { threads: 2 });
 * console.log(session.inputs); // [{ name: 'x', dtype: 'float32', shape: [1, 3, 224, 224] }]
 * const { y } = await session.run({ x: tensor('float32', [1, 3, 224, 224]) });
 * console.log(y?.shape);
 * ```
 */
export class Session implements AsyncDisposable {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What computes: `tfjs-wasm` where `tfjs` was asked for and that is the fastest backend there is. */
  readonly provider: string;
  /** As asked for; TensorFlow.js does not take orders in this. */
  readonly threads: number;
  /** Weight files that were copied for this session, because the cache lies on another file system. Usually empty. */
  readonly copied: readonly string[];
  readonly #engine: Engine;
  readonly #closing = new AbortController();
  /** Settles when all calls made so far have ended. Never rejects. */
  #idle: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(engine: Engine, threads: number, copied: readonly string[]) {
    this.inputs = engine.inputs;
    this.outputs = engine.outputs;
    this.provider = engine.provider;
    this.threads = threads;
    this.copied = copied;
    this.#engine = engine;
    threadsInUse += threads;
  }

  /**
   * Loads a model: built by the graph package, from an `.onnx` file, or from its bytes. Nothing of it stays on this thread.
   *
   * @throws VitaminError `UNSUPPORTED` for a provider that this machine does not offer (the message lists those it does),
   * `INPUT_NOT_FOUND`, `WEIGHTS_MISSING`, `WEIGHTS_CORRUPT`, `USAGE`, `ABORTED`, `RUNTIME` with ONNX Runtime's reason.
   */
  static async create(model: OnnxModel | { readonly path: string } | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const { signal, onProgress, threads = defaultThreads() } = options;
    throwIfAborted(signal);
    if (!Number.isInteger(threads) || threads < 1)
      throw new VitaminError('USAGE', `Expected a positive number of threads but received ${threads}`);
    const source = await locate(model, options);
    throwIfAborted(signal);
    onProgress?.({ phase: 'session' });
    const loading = startEngine(
      {
        model: source.model,
        provider: options.provider ?? 'cpu',
        threads,
        spinning: options.spinning ?? threadsInUse + threads <= defaultThreads(),
        optimization: options.optimization ?? 'all',
        arena: options.arena ?? true,
        memoryPattern: options.memoryPattern ?? true,
        extra: options.extra ?? {},
      },
      options.execution ?? 'worker',
    );
    try {
      return new Session(await abortable(loading, signal), threads, source.copied);
    } catch (error) {
      // Loading cannot be interrupted: when it was left behind, it is closed as soon as it is done.
      loading.then((engine) => engine.close()).catch(() => undefined);
      throw error;
    }
  }

  /** Whether its thread has died: every later call fails. Make another session. */
  get failed(): boolean {
    return this.#engine.failed;
  }

  /**
   * Runs the network once. Feeds are checked at once and read when the call's turn comes: leave their data alone until then.
   *
   * When the signal fires, the promise rejects at once. A waiting call is dropped; a running one ends unseen, and the session
   * stays usable. Outputs belong to the caller.
   *
   * @throws VitaminError `USAGE` when a feed is missing, unknown, or of another dtype or shape than the input, when none of the name is to be given back, or the
   * session is closed; `ABORTED`, `RUNTIME` with ONNX Runtime's reason.
   */
  async run(feeds: NamedTensors, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    if (this.#closed) throw new VitaminError('USAGE', 'Expected an open session but received one that was closed');
    throwIfAborted(options.signal);
    const { transfer = false, giveBack = [] } = options;
    checkFeeds(this.inputs, feeds);
    const missing = giveBack.find((name) => !Object.hasOwn(feeds, name));
    if (missing !== undefined) throw new VitaminError('USAGE', `Expected a feed "${missing}" to give back but received none`);
    const turn = abortable(abortable(this.#idle, options.signal), this.#closing.signal, 'Aborted because the session was closed');
    const kept = Object.fromEntries(giveBack.map((name) => [name, feeds[name]!]));
    const call = turn.then(async () => ({ ...kept, ...(await this.#engine.run(feeds, transfer, giveBack)) }));
    this.#idle = Promise.allSettled([this.#idle, call]).then(() => undefined);
    return abortable(call, options.signal);
  }

  /** Waits for the running call, rejects the waiting ones with `ABORTED`, and frees everything. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort();
    await this.#idle;
    threadsInUse -= this.threads;
    await this.#engine.close();
  }
}

async function locate(
  model: OnnxModel | { readonly path: string } | Uint8Array,
  options: SessionOptions,
): Promise<{ model: string | Uint8Array; copied: readonly string[] }> {
  if (model instanceof Uint8Array) return { model, copied: [] };
  if ('path' in model) {
    const found = await stat(model.path).catch(() => undefined);
    if (!found?.isFile()) throw new VitaminError('INPUT_NOT_FOUND', `Expected an ONNX file at ${model.path} but found none`);
    return { model: model.path, copied: [] };
  }
  if (model.externalFiles.size === 0) return { model: model.bytes, copied: [] };
  const { path, copied } = await cacheModel(model, options.cacheDir ?? defaultCacheDir(), options);
  return { model: path, copied };
}

async function startEngine(options: EngineOptions, execution: 'worker' | 'inline'): Promise<Engine> {
  if (execution === 'worker') return WorkerEngine.create(options);
  const { createEngine } = await import('./create-engine.ts');
  return createEngine(options);
}
