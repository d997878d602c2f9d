import { createHash } from 'node:crypto';
import { type Tensor, tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { abortable, defaultCacheDir } from '@vitamin-vlm/runtime';
import { checkCacheDir, readCachedEmbeddings, writeCachedEmbeddings } from './embedding-cache.ts';
import type { TokenBatch } from './clip-tokenizer.ts';
import type { Identity } from '../load/identity.ts';
import type { Recipe } from '../load/recipe.ts';
import type { Label } from './labels.ts';
import { fillPrompts, type Prompts } from './prompts.ts';
import { normalizeRows } from '../tasks/features.ts';
import { clipTextTokenizer, type TextTokenizer } from './text-tokenizer.ts';
import type { VocabularyMatrix } from './vocabulary-matrix.ts';

/** The text side of a model, as far as vocabularies need it. */
export interface TextEmbedder {
  /** The weights. Words are kept under the digest of the text tower: equal digests must mean equal embeddings. */
  readonly identity: Identity & { readonly text: string };
  /** What the tower computes in, default `float32`. Words of another precision are kept apart. */
  readonly precision?: Recipe['precision'] | undefined;
  /** How it reads words. Default: CLIP's tokenizer, 77 ids a text. */
  readonly tokenizer?: () => Promise<TextTokenizer>;
  /** Embeds N texts: [N, context] ids in, [N, E] out, normalized or not. N is at most the batch size. */
  embed(tokens: TokenBatch, options: WorkOptions): Promise<Tensor<'float32'>>;
}

/** How words become a matrix. */
export interface EmbedVocabularyOptions extends WorkOptions {
  /** Sentences that each name is put into; their embeddings are averaged. Default 'simple'. */
  readonly prompts?: Prompts | undefined;
  /** Folder of the cache, or false for none. Default: `vitamin` in `XDG_CACHE_HOME` or `~/.cache`. */
  readonly cacheDir?: string | false | undefined;
  /** Sentences per run. Default 64. */
  readonly batchSize?: number | undefined;
}

/**
 * Makes the classifier of a vocabulary: every name of every label in every prompt through the text tower, averaged per name. The result is
 * kept on disk under the hash of the text tower's digest and the sentences, so that the same words cost nothing the next time.
 *
 * @throws VitaminError `USAGE` for prompts without `{}` or texts beyond the tokenizer's limit; `RUNTIME` when the cache folder cannot be
 *   written, before any work is done; `ABORTED` between two batches.
 * @example
 * ```ts
 * import { embedVocabulary, parseLabels, type TextEmbedder } from '@vitamin-vlm/backbone';
 * async function words(tower: TextEmbedder) {
 *   return await embedVocabulary(tower, parseLabels(['cat|kitten', 'dog']), { prompts: 'imagenet80' });
 * }
 * ```
 */
export async function embedVocabulary(
  tower: TextEmbedder,
  labels: readonly Label[],
  options: EmbedVocabularyOptions = {},
): Promise<VocabularyMatrix> {
  const { prompts = 'simple', cacheDir = defaultCacheDir(), signal } = options;
  const names = labels.flatMap(({ synonyms }) => synonyms);
  if (names.length === 0) throw new VitaminError('USAGE', 'Expected at least one label but received none');
  const sentences = new Sentences(names, prompts);
  const tokenizer = (await tower.tokenizer?.()) ?? clipTextTokenizer(77);
  const embed = async (): Promise<Tensor<'float32'>> => await embedNames(tower, tokenizer, sentences, options);
  if (cacheDir === false) return { identity: tower.identity, labels, embeddings: await embed() };

  await checkCacheDir(cacheDir);
  const key = sentences.key(tower, tokenizer);
  const make = async (): Promise<Tensor<'float32'>> => {
    const cached = await readCachedEmbeddings(cacheDir, key, names.length);
    if (cached) return cached;
    const embeddings = await embed();
    await writeCachedEmbeddings(cacheDir, key, embeddings);
    return embeddings;
  };
  return { identity: tower.identity, labels, embeddings: await onceAtATime(`${cacheDir}/${key}`, make, signal) };
}

/** Words that are being embedded: who asks for the same ones meanwhile waits for them instead of running the tower too. */
const underWay = new Map<string, Promise<Tensor<'float32'>>>();

/** Runs `make`, or waits for who runs it. When the other gives up or fails, it is this caller's turn. */
async function onceAtATime(
  key: string,
  make: () => Promise<Tensor<'float32'>>,
  signal: AbortSignal | undefined,
): Promise<Tensor<'float32'>> {
  for (let other = underWay.get(key); other; other = underWay.get(key)) {
    const found = await abortable(
      other.catch(() => undefined),
      signal,
    );
    if (found) return found;
  }
  const made = make();
  underWay.set(key, made);
  try {
    return await made;
  } finally {
    underWay.delete(key);
  }
}

/** The names of a vocabulary in all of their prompts, written when they are needed: together they may be many megabytes. */
class Sentences {
  readonly names: readonly string[];
  /** Prompts of each name. */
  readonly each: number;
  readonly #prompts: Prompts;

  constructor(names: readonly string[], prompts: Prompts) {
    this.names = names;
    this.each = fillPrompts(names[0]!, prompts).length;
    this.#prompts = prompts;
  }

  of(name: string): string[] {
    return fillPrompts(name, this.#prompts);
  }

  /** What the embeddings depend on, as a hash. */
  key({ identity, precision = 'float32' }: TextEmbedder, tokenizer: TextTokenizer): string {
    const origin = [identity.text, precision, tokenizer.identity].filter((part) => part !== '').join(' ');
    const hash = createHash('sha256').update(`words/3 ${origin}\n`);
    for (const name of this.names) hash.update(`${JSON.stringify(this.of(name))}\n`);
    return hash.digest('hex');
  }

  /** All sentences, by batches. */
  *batches(size: number): Generator<string[], void, undefined> {
    let batch: string[] = [];
    for (const name of this.names) {
      for (const sentence of this.of(name)) {
        if (batch.push(sentence) < size) continue;
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  }
}

/** [names, E]: the mean of the unit vectors of each name's sentences, summed as the batches come, made one long again. */
async function embedNames(
  tower: TextEmbedder,
  tokenizer: TextTokenizer,
  sentences: Sentences,
  options: EmbedVocabularyOptions,
): Promise<Tensor<'float32'>> {
  const { batchSize = 64, signal, onProgress } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new VitaminError('USAGE', `Expected a batch of 1 or more but received ${batchSize}`);
  }
  const { names, each } = sentences;
  let mean: Tensor<'float32'> | undefined;
  let done = 0;
  for (const batch of sentences.batches(batchSize)) {
    throwIfAborted(signal);
    const part = await tower.embed(await tokenizer.tokenize(batch), { signal });
    const dim = part.shape.at(-1) ?? 0;
    mean ??= tensor('float32', [names.length, dim]);
    if (part.data.length !== batch.length * dim || dim !== mean.shape[1]) {
      throw new VitaminError('RUNTIME', `Expected ${batch.length} text embeddings but the tower gave [${part.shape.join(', ')}]`);
    }
    const unit = normalizeRows(part).data;
    for (let row = 0; row < batch.length; row++, done++) {
      const to = Math.floor(done / each) * dim;
      for (let e = 0; e < dim; e++) mean.data[to + e]! += unit[row * dim + e]! / each;
    }
    onProgress?.({ phase: 'run', done, total: names.length * each });
  }
  return normalizeRows(mean!);
}
