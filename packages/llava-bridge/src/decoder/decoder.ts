import type { Int8Weights } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { Lease, SessionPool } from '@vitamin-vlm/runtime';
import type { LlamaConfig } from '../models/llama-config.ts';
import { type DecoderCache, emptyCache, grownCache, selectRows } from './decoder-cache.ts';
import { decoderGraph, embeddingGraph } from './decoder-graph.ts';

/** Scores of the next token of each row, and the cache behind them. */
export interface DecoderOutput {
  /** [N, V] */
  readonly logits: Tensor<'float32'>;
  readonly cache: DecoderCache;
}

/** The weights of a language model, and how it is to be run. */
export interface DecoderModel {
  readonly config: LlamaConfig;
  /** By Hugging Face's names, `model.` and `lm_head.` */
  readonly weights: Weights;
  /** The matrices of the layers in 8 bits, in place of their numbers in `weights`. */
  readonly int8?: Int8Weights | undefined;
  /** 64 hexadecimal digits over all weights. */
  readonly identity: string;
}

/** Tokens of a text at most, unless told otherwise: what the model was made for, at most 4096. */
export function defaultContext({ positions }: LlamaConfig): number {
  return Math.min(positions, 4096);
}

/**
 * A LLaMA that takes embeddings and gives the scores of the next token, with a cache of keys and values. Rows of different lengths are filled up on the
 * right; what fills them up is never seen.
 */
export class Decoder {
  readonly model: DecoderModel;
  /** Tokens of a row at most. */
  readonly context: number;
  readonly #sessions: SessionPool;

  /** @param context - Default: what the model was made for, at most 4096. */
  constructor(model: DecoderModel, sessions: SessionPool, context: number = defaultContext(model.config)) {
    this.model = model;
    this.context = context;
    this.#sessions = sessions;
  }

  /** Loads what the decoder runs on, so that the first token does not wait for it. @throws VitaminError `ABORTED`, and what loading throws. */
  async open(options: WorkOptions = {}): Promise<void> {
    const opened = [this.#embeddings(options), this.#layers(options)];
    // Each is given back as soon as it is there: one that fails must not keep the other from it.
    await Promise.all(opened.map(async (lease) => (await lease)[Symbol.dispose]()));
  }

  /** Embeddings of ids: [L, H]. @throws VitaminError `USAGE` for an id that the vocabulary does not have. */
  async embed(ids: readonly number[], options: WorkOptions = {}): Promise<Tensor<'float32'>> {
    const { config } = this.model;
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < config.vocabulary));
    if (wrong !== undefined) throw new VitaminError('USAGE', `Expected ids from 0 to ${config.vocabulary - 1} but received ${wrong}`);
    if (ids.length === 0) return tensor('float32', [0, config.hidden]);
    using lease = await this.#embeddings(options);
    const feed = tensor('int64', [ids.length], BigInt64Array.from(ids, BigInt));
    const { embeddings } = await lease.session.run({ ids: feed }, { signal: options.signal });
    return embeddings as Tensor<'float32'>;
  }

  /**
   * Reads more tokens of each row.
   *
   * @param rows - Embeddings of the new tokens of each row, [L, H]; at least one token each.
   * @param cache - What stands before them; its memory is handed over and cannot be used again.
   * @throws VitaminError `USAGE` when a row grows beyond the context, `ABORTED`, `RUNTIME`.
   */
  async read(
    rows: readonly Tensor<'float32'>[],
    cache: DecoderCache = emptyCache(this.model.config, rows.length),
    options: WorkOptions = {},
  ): Promise<DecoderOutput> {
    const { config } = this.model;
    const counts = rows.map(({ shape }) => shape[0]!);
    const lengths = cache.lengths.map((length, row) => length + counts[row]!);
    const longest = Math.max(...lengths);
    if (longest > this.context) {
      throw new VitaminError('USAGE', `Expected at most ${this.context} tokens but received ${longest}`, {
        hint: 'Ask a shorter question, or show fewer pictures.',
      });
    }
    const length = Math.max(...counts);
    const [n, { hidden }] = [rows.length, config];
    const embeddings = tensor('float32', [n, length, hidden]);
    rows.forEach(({ data }, row) => embeddings.data.set(data, row * length * hidden));
    const capacity = cache.tensors['key.0']!.shape[2]!;
    const slots = cache.lengths.flatMap((before, row) => [
      ...Array.from({ length: capacity }, (_, i) => (i < before ? i : -1)),
      ...Array.from({ length }, (_, i) => (i < counts[row]! ? before + i : -1)),
    ]);
    const positions = counts.flatMap((_, row) => Array.from({ length }, (__, i) => Math.min(cache.lengths[row]! + i, this.context - 1)));
    using lease = await this.#layers(options);
    const { logits, ...tensors } = await lease.session.run(
      {
        ...cache.tensors,
        embeddings,
        positions: integers([n, length], positions),
        slots: integers([n, capacity + length], slots),
        last: integers(
          [n, 2],
          counts.flatMap((count, row) => [row, count - 1]),
        ),
      },
      { signal: options.signal, transfer: true, giveBack: Object.keys(cache.tensors) },
    );
    return { logits: logits as Tensor<'float32'>, cache: grownCache(cache, tensors, counts, this.context) };
  }

  /** Rows of a cache in another order, some of them several times: the beams of a search. */
  select(cache: DecoderCache, rows: readonly number[]): DecoderCache {
    return selectRows(cache, rows);
  }

  #embeddings(options: WorkOptions): Promise<Lease> {
    return this.#lease('embeddings', () => embeddingGraph(this.model.config, this.model), options);
  }

  #layers(options: WorkOptions): Promise<Lease> {
    return this.#lease('decoder', () => decoderGraph(this.model.config, this.context, this.model).graph, options);
  }

  async #lease(kind: string, build: Parameters<SessionPool['lease']>[1], options: WorkOptions): Promise<Lease> {
    return await this.#sessions.lease(
      { kind, llm: this.model.identity, context: this.context, precision: this.model.int8 ? 'int8' : 'float32' },
      build,
      options,
    );
  }
}

function integers(shape: readonly number[], numbers: readonly number[]): Tensor {
  return tensor('int64', shape, BigInt64Array.from(numbers, BigInt));
}
