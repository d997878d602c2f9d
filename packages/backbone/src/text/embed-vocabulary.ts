import { createHash } from 'node:crypto';
import { type Tensor, tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { defaultCacheDir } from '@vitamin-vlm/runtime';
import { checkCacheDirectory, readCachedEmbeddings, writeCachedEmbeddings } from './embedding-cache.ts';
import { ClipTokenizer, type TokenBatch } from './clip-tokenizer.ts';
import type { Identity } from '../load/identity.ts';
import type { Label } from './labels.ts';
import { fillPrompts, type Prompts } from './prompts.ts';
import { ensemblePrompts } from '../tasks/features.ts';
import type { VocabularyMatrix } from './vocabulary-matrix.ts';

/** The text side of a model, as far as vocabularies need it. */
export interface TextEmbedder {
  /** The weights. Words are kept under the digest of the text tower: equal digests must mean equal embeddings. */
  readonly identity: Identity & { readonly text: string };
  /** Embeds N texts: [N, 77] ids in, [N, E] out, normalized or not. N is at most the batch size. */
  embed(tokens: TokenBatch, options: WorkOptions): Promise<Tensor<'float32'>>;
}

/** How words become a matrix. */
export interface EmbedVocabularyOptions extends WorkOptions {
  /** Sentences that each name is put into; their embeddings are averaged. Default 'simple'. */
  readonly prompts?: Prompts | undefined;
  /** Folder of the cache, or false for none. Default: `vitamin` in `XDG_CACHE_HOME` or `~/.cache`. */
  readonly cacheDirectory?: string | false | undefined;
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
  const { prompts = 'simple', cacheDirectory = defaultCacheDir() } = options;
  const sentences = labels.flatMap(({ synonyms }) => synonyms.map((name) => fillPrompts(name, prompts)));
  if (sentences.length === 0) throw new VitaminError('USAGE', 'Expected at least one label but received none');
  const key = createHash('sha256')
    .update(JSON.stringify([tower.identity.text, sentences]))
    .digest('hex');
  const matrix = (embeddings: Tensor<'float32'>): VocabularyMatrix => ({ identity: tower.identity, labels, embeddings });
  if (cacheDirectory === false) return matrix(await embedNames(tower, sentences, options));

  await checkCacheDirectory(cacheDirectory);
  const cached = await readCachedEmbeddings(cacheDirectory, key, sentences.length);
  if (cached) return matrix(cached);
  const embeddings = await embedNames(tower, sentences, options);
  await writeCachedEmbeddings(cacheDirectory, key, embeddings);
  return matrix(embeddings);
}

/** [names, E] from the sentences of each name, batch by batch. */
async function embedNames(
  tower: TextEmbedder,
  sentences: readonly string[][],
  options: EmbedVocabularyOptions,
): Promise<Tensor<'float32'>> {
  const { batchSize = 64, signal, onProgress } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new VitaminError('USAGE', `Expected a batch of 1 or more but received ${batchSize}`);
  }
  const texts = sentences.flat();
  const tokenizer = await ClipTokenizer.load();
  let all: Tensor<'float32'> | undefined;
  for (let first = 0; first < texts.length; first += batchSize) {
    throwIfAborted(signal);
    const batch = texts.slice(first, first + batchSize);
    const part = await tower.embed(tokenizer.tokenize(batch), { signal });
    const dim = part.shape.at(-1) ?? 0;
    all ??= tensor('float32', [texts.length, dim]);
    if (part.data.length !== batch.length * dim || dim !== all.shape[1]) {
      throw new VitaminError('RUNTIME', `Expected ${batch.length} text embeddings but the tower gave [${part.shape.join(', ')}]`);
    }
    all.data.set(part.data, first * dim);
    onProgress?.({ phase: 'run', done: first + batch.length, total: texts.length });
  }
  return ensemblePrompts(all!, sentences[0]!.length);
}
