import { type Tensor, throwIfAborted, type WorkOptions } from '@vitamin-vlm/core';
import type { Decoder, DecoderOutput } from '../decoder/decoder.ts';
import { chooseToken, randomNumbers, type SamplingOptions } from './choose-token.ts';

/** Why an answer ended: the model or a stop string ended it, or the bound of its length or the context was reached. */
export type FinishReason = 'stop' | 'length';

/** When to stop, and how to choose. */
export interface GenerateOptions extends SamplingOptions, Pick<WorkOptions, 'signal'> {
  /** Default 512. */
  readonly maxTokens?: number | undefined;
  /** Ids that end an answer. Default: the model's. */
  readonly eos?: readonly number[] | undefined;
  /** Told once, when an answer has ended; not when it failed, or was left by its reader. */
  readonly onFinish?: ((reason: FinishReason) => void) | undefined;
}

/** LLaVA's command line asks for so many. */
const MAX_TOKENS = 512;

/**
 * Generates one answer, id by id; the id that ends it comes last. An answer that fills the context ends there.
 *
 * @param prompt - Embeddings of text and pictures, [L, H].
 * @param promptIds - Ids of the prompt, for the repetition penalty.
 * @throws VitaminError as `Decoder.read`.
 */
export async function* generateIds(
  decoder: Decoder,
  prompt: Tensor<'float32'>,
  options: GenerateOptions = {},
  promptIds: readonly number[] = [],
): AsyncGenerator<number, void, undefined> {
  const { maxTokens = MAX_TOKENS, eos = decoder.model.config.eos, seed = 0, signal, onFinish } = options;
  const random = randomNumbers(seed);
  const seen = [...promptIds];
  let output: DecoderOutput | undefined;
  let rows = [prompt];
  for (let i = 0; i < maxTokens; i++) {
    throwIfAborted(signal);
    output = await decoder.read(rows, output?.cache, { signal });
    const id = chooseToken(output.logits.data, seen, options, random);
    seen.push(id);
    yield id;
    if (eos.includes(id)) {
      onFinish?.('stop');
      return;
    }
    if (output.cache.lengths[0] === decoder.context) break;
    rows = [await decoder.embed([id], { signal })];
  }
  onFinish?.('length');
}

/**
 * Generates the answers of several prompts at once. A row that has ended is carried along and no longer read.
 *
 * @param prompts - Embeddings of each, [L, H].
 * @returns New ids of each, the ending one included.
 */
export async function generateBatch(
  decoder: Decoder,
  prompts: readonly Tensor<'float32'>[],
  options: Omit<GenerateOptions, 'onFinish'> = {},
): Promise<number[][]> {
  const { maxTokens = MAX_TOKENS, eos = decoder.model.config.eos, seed = 0, signal } = options;
  const randoms = prompts.map((_, row) => randomNumbers(seed + row));
  const answers: number[][] = prompts.map(() => []);
  const running = new Set(prompts.keys());
  let output: DecoderOutput | undefined;
  let rows = prompts;
  for (let i = 0; i < maxTokens && running.size > 0; i++) {
    throwIfAborted(signal);
    output = await decoder.read(rows, output?.cache, { signal });
    const { data, shape } = output.logits;
    const next = answers.map((answer, row) => {
      const id = chooseToken(data.subarray(row * shape[1]!, (row + 1) * shape[1]!), answer, options, randoms[row]!);
      if (running.has(row)) answer.push(id);
      if (eos.includes(id)) running.delete(row);
      return id;
    });
    const { data: embedded, shape: size } = await decoder.embed(next, { signal });
    rows = next.map((_, row) => ({
      dtype: 'float32',
      shape: [1, size[1]!],
      data: embedded.subarray(row * size[1]!, (row + 1) * size[1]!),
    }));
  }
  return answers;
}
