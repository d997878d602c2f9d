import { type ImageSource, openModel } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { SessionPool } from '@vitamin-vlm/runtime';
import { Decoder } from '../decoder/decoder.ts';
import { embedPrompt } from '../decoder/embed-prompt.ts';
import { openLlama } from '../load/open-llama.ts';
import { openProjector } from '../load/open-projector.ts';
import { PICTURE, textPart } from '../prompt/prompt-part.ts';
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts';
import { TokenMaker } from '../tokens/token-maker.ts';
import type { BridgeOptions } from './bridge.ts';
import { projectorOf } from './bridge-settings.ts';

/** A reading of the tower, and how likely it makes a caption that is known to be true. */
export interface SelfTestReading {
  readonly layer: number;
  readonly finalNorm: boolean;
  /** Mean logarithm of the probability of the caption's tokens; the largest wins. */
  readonly logProbability: number;
}

/** What a self-test needs: real weights of all three parts, and a picture with a true caption. */
export interface SelfTestOptions extends Omit<BridgeOptions, 'layer' | 'finalNorm' | 'answers'> {
  readonly llm: string;
  readonly image: ImageSource;
  readonly caption: string;
  /** Default -1, -2 and -3. */
  readonly layers?: readonly number[] | undefined;
}

/**
 * Compares the readings of a tower that a projector may have been trained with: which result of its blocks, with the final norm or without. The prompt is that of
 * LLaVA's first stage, the picture and the caption alone. The true reading should win clearly; where all are alike, the parts do not belong together.
 *
 * @returns Best first.
 * @throws VitaminError as `Bridge.load`; `USAGE` for an empty caption.
 * @example
 * ```ts
 * import { selfTest } from '@vitamin-vlm/llava-bridge';
 * const parts = { tower: 'vitamin-large-336', projector: 'mm_projector.bin', llm: 'vicuna-7b-v1.5' };
 * const [best, second] = await selfTest({ ...parts, image: 'cat.jpg', caption: 'a cat on a red sofa' });
 * console.log(best, second?.logProbability);
 * ```
 */
export async function selfTest(options: SelfTestOptions): Promise<SelfTestReading[]> {
  const { image, caption, layers = [-1, -2, -3], tower, llm, context, signal } = options;
  const [model, language] = [await openModel(tower, options), await openLlama(llm, { ...options, precision: options.llmPrecision })];
  const projector = await openProjector(options.projector ?? (await projectorOf(language.folder)), options);
  const tokenizer = await loadTokenizer(language.folder);
  const before = tokenizer.encodePrompt([PICTURE]);
  const answer = tokenizer.encodePrompt([PICTURE, textPart(caption)]).slice(before.length);
  if (answer.length === 0) throw new VitaminError('USAGE', 'Expected a caption but received an empty text');
  await using sessions = new SessionPool(options);
  const decoder = new Decoder(language, sessions, context);
  const readings: SelfTestReading[] = [];
  for (const layer of layers) {
    for (const finalNorm of [false, true]) {
      const { imageSize, grid, rule } = { ...language.settings, ...options };
      await using maker = new TokenMaker(model, projector, { layer, finalNorm, imageSize, grid, rule, sessions });
      const { data } = await maker.tokens(image, { signal });
      let output = await decoder.read([await embedPrompt(decoder, before, [data], { signal })], undefined, { signal });
      let sum = 0;
      for (const id of answer) {
        sum += logProbabilityOf(output.logits.data, id);
        output = await decoder.read([await decoder.embed([id], { signal })], output.cache, { signal });
      }
      readings.push({ layer, finalNorm, logProbability: sum / answer.length });
    }
  }
  return readings.toSorted((a, b) => b.logProbability - a.logProbability);
}

function logProbabilityOf(logits: Float32Array, id: number): number {
  const most = logits.reduce((largest, value) => Math.max(largest, value), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  return logits[id]! - most - Math.log(sum);
}
