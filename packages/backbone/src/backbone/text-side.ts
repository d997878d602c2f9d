import { tensor, type Tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Graph } from '@vitamin-vlm/graph';
import type { SessionPool } from '@vitamin-vlm/runtime';
import type { OpenedModel } from '../load/open-model.ts';
import type { Recipe } from '../load/recipe.ts';
import type { TextTowerConfig } from '../models/text-tower.ts';
import { type TokenBatch, trimTokens } from '../text/clip-tokenizer.ts';
import type { TextEmbedder } from '../text/embed-vocabulary.ts';
import { clipTextTokenizer, openTextTokenizer, type TextTokenizer } from '../text/text-tokenizer.ts';
import { textGraph } from '../towers/graphs.ts';

/** Tokens of CLIP's vocabulary. */
const CLIP_VOCABULARY = 49_408;
/** Sentences per run. */
const TEXT_BATCH = 64;
/** Sequence lengths that sessions are made for: names in prompts, sentences, and the context itself. */
const LENGTHS = [16, 32];

/** The text tower of a model. Its sessions are made when words come. */
export class TextSide implements TextEmbedder {
  readonly identity: TextEmbedder['identity'];
  readonly precision: Recipe['precision'];
  readonly #model: OpenedModel;
  readonly #config: TextTowerConfig;
  readonly #sessions: SessionPool;
  #tokenizer: TextTokenizer | undefined;

  constructor(model: OpenedModel, config: TextTowerConfig, sessions: SessionPool) {
    const { text } = model.identity;
    if (text === undefined) throw new VitaminError('USAGE', 'Expected the identity of a text tower but received none');
    this.identity = { ...model.identity, text };
    this.precision = model.recipe.precision;
    this.#model = model;
    this.#config = config;
    this.#sessions = sessions;
  }

  /** How the tower reads words. @throws VitaminError `UNSUPPORTED` where its tokenizer is in a file that is not there, or cannot be read. */
  async tokenizer(): Promise<TextTokenizer> {
    this.#tokenizer ??= await this.#openTokenizer();
    return this.#tokenizer;
  }

  async #openTokenizer(): Promise<TextTokenizer> {
    const { vocabulary, context, tokenizer: kind } = this.#config;
    if (vocabulary === CLIP_VOCABULARY) return clipTextTokenizer(context);
    const { tokenizer: path, address } = this.#model;
    if (kind !== undefined && path !== undefined) return await openTextTokenizer(path, kind, { context, vocabulary });
    const repository = /^hf:[^/]+\/[^/]+/u.exec(address)?.[0];
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected tokenizer.json beside the weights of ${address}, whose ${vocabulary} tokens are not CLIP's, but found none`,
      {
        hint: `Put the file of the model's repository there${repository === undefined ? '' : ` (vitamin pull ${repository}/tokenizer.json)`}, or tokenize elsewhere and pass the ids to embedTokens.`,
      },
    );
  }

  /** Texts as they stand: [N, E], not normalized. */
  async embedTexts(texts: readonly string[], options: WorkOptions): Promise<Tensor<'float32'>> {
    const tokenizer = await this.tokenizer();
    const { embedDim } = this.#config;
    const out = tensor('float32', [texts.length, embedDim]);
    for (let first = 0; first < texts.length; first += TEXT_BATCH) {
      throwIfAborted(options.signal);
      const part = texts.slice(first, first + TEXT_BATCH);
      const { data } = await this.embed(await tokenizer.tokenize(part), options);
      out.data.set(data, first * embedDim);
      options.onProgress?.({ phase: 'run', done: first + part.length, total: texts.length });
    }
    return out;
  }

  /**
   * [N, context] ids -> [N, E]. Cut to the longest text where a token sees only what stands before it: that changes nothing. Where it sees the padding too,
   * all of the context is read.
   */
  async embed(tokens: TokenBatch, options: WorkOptions): Promise<Tensor<'float32'>> {
    const { context, bidirectional = false, pool } = this.#config;
    const { ids, eot } = bidirectional ? tokens : trimTokens(tokens);
    const [rows = 0, longest = 0] = ids.shape;
    const lengths = bidirectional || pool === 'last' ? [context] : [...LENGTHS, context];
    const length = lengths.find((candidate) => candidate >= longest && candidate <= context);
    if (length === undefined) throw new VitaminError('USAGE', `Expected at most ${context} tokens a text but received ${longest}`);
    const key = { kind: 'text', text: this.identity.text, precision: this.precision, length };
    const build = (): Graph => textGraph(this.#model, this.identity, this.#config, length);
    using lease = await this.#sessions.lease(key, build, options);
    throwIfAborted(options.signal);
    const padded = tensor('int32', [rows, length]);
    for (let n = 0; n < rows; n++) padded.data.set(ids.data.subarray(n * longest, (n + 1) * longest), n * length);
    const ends = tensor(
      'int32',
      [rows],
      Int32Array.from(eot, (end, n) => n * length + (pool === 'last' ? context - 1 : end)),
    );
    const { features } = await lease.session.run({ ids: padded, ends }, { signal: options.signal });
    return features as Tensor<'float32'>;
  }
}
