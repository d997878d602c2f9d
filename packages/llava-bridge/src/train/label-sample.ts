import { VitaminError } from '@vitamin-vlm/core';
import { PICTURE, parsePrompt, promptText } from '../prompt/prompt-part.ts';
import { renderPrompt } from '../prompt/render-prompt.ts';
import type { Template } from '../prompt/template.ts';
import { templateOf } from '../prompt/template-of.ts';
import type { LlamaTokenizer } from '../tokenizer/llama-tokenizer.ts';

/** One turn of a training sample, as LLaVA's data files have it. */
export interface SampleTurn {
  readonly from: 'human' | 'gpt';
  /** `<image>` stands for the picture. */
  readonly value: string;
}

/** Ids of a sample, and what is learned of them. */
export interface LabeledSample {
  /** `PICTURE_ID` for a picture. */
  readonly ids: readonly number[];
  /** The id where it is learned, `IGNORED` elsewhere. */
  readonly labels: readonly number[];
  /** Why nothing of the sample is learned; empty otherwise. In LLaVA's words. */
  readonly warning: string;
}

/** A place that is not learned. */
export const IGNORED = -100;

/**
 * A sample of the first stage: a picture and its caption (LLaVA's `preprocess_plain`). What was asked does not matter; the caption and the line's end are learned.
 *
 * @throws VitaminError `USAGE` unless there are two turns, the first with a picture.
 */
export function labelCaption(tokenizer: LlamaTokenizer, turns: readonly SampleTurn[]): LabeledSample {
  const [question, caption] = turns;
  if (turns.length !== 2 || !question?.value.includes(PICTURE.text)) {
    throw new VitaminError('USAGE', `Expected a picture and its caption but received ${turns.length} turns`);
  }
  const [separator] = templateOf('plain').separators;
  const ids = tokenizer.encodePrompt(parsePrompt(PICTURE.text + caption!.value + separator));
  const before = tokenizer.encodePrompt([PICTURE]).length;
  return { ids, labels: ids.map((id, i) => (i < before ? IGNORED : id)), warning: '' };
}

/**
 * A conversation of the second stage (LLaVA's `preprocess_v1`): every answer with the token that ends it is learned. LLaVA finds the answers by counting the ids
 * of each part alone; where the counts do not add up, as for an empty answer, nothing of the sample is learned, and `warning` says so.
 *
 * @param template - Of style `two`. Default: `vicuna_v1`.
 * @throws VitaminError `USAGE` for turns that do not alternate, and for a template of another style.
 * @example
 * ```ts
 * import { labelConversation, loadTokenizer } from '@vitamin-vlm/llava-bridge';
 * const { ids, labels } = labelConversation(await loadTokenizer('vicuna-7b-v1.5'), [
 *   { from: 'human', value: '<image>\nWhat color is the cup?' },
 *   { from: 'gpt', value: 'Red.' },
 * ]);
 * console.log(ids.length === labels.length);
 * ```
 */
export function labelConversation(
  tokenizer: LlamaTokenizer,
  turns: readonly SampleTurn[],
  template: Template = templateOf('vicuna_v1'),
): LabeledSample {
  if (template.style !== 'two') throw new VitaminError('USAGE', `Expected a template of style two but received ${template.style}`);
  if (tokenizer.vocabulary.byteLevel) {
    throw new VitaminError(
      'UNSUPPORTED',
      'Expected a SentencePiece tokenizer, for which LLaVA-1.5 finds its answers, but received one over bytes (Llama 3)',
    );
  }
  const spoken = turns[0]?.from === 'gpt' ? turns.slice(1) : turns;
  const wrong = spoken.findIndex(({ from }, i) => from !== (i % 2 === 0 ? 'human' : 'gpt'));
  if (wrong !== -1)
    throw new VitaminError('USAGE', `Expected turns that alternate but received two of ${spoken[wrong]!.from} at turn ${wrong + 1}`);
  const text = promptText(
    renderPrompt(
      template,
      spoken.map(({ value }) => parsePrompt(pictureFirst(value))),
    ),
  );
  const ids = tokenizer.encodePrompt(parsePrompt(text));
  const count = (part: string): number => tokenizer.encodePrompt(parsePrompt(part)).length;
  const answer = `${template.separators[0]}${template.roles[1]}: `;
  const labels: number[] = [...ids];
  const ignore = (from: number, to: number): unknown => labels.fill(IGNORED, from, Math.max(from, to));
  ignore(0, 1);
  let at = 1;
  for (const [i, round] of text.split(template.separators[1]!).entries()) {
    const parts = round.split(answer);
    if (round === '' || parts.length !== 2) break;
    // Not legacy, a text behind the end of an answer lacks the space that it has alone.
    const less = i > 0 && !tokenizer.legacy ? 1 : 0;
    ignore(at, at + count(parts[0]! + answer) - 2 - less);
    at += count(round) - less;
  }
  ignore(at, ids.length);
  const total = ids.filter((id) => id !== tokenizer.vocabulary.unk).length;
  if (at === total) return { ids, labels, warning: '' };
  return { ids, labels: ids.map(() => IGNORED), warning: `WARNING: tokenization mismatch: ${at} vs. ${total}. (ignored)` };
}

/** The picture's place moves to the front of its turn. */
function pictureFirst(value: string): string {
  if (!value.includes(PICTURE.text)) return value;
  return `${PICTURE.text}\n${value.replaceAll(PICTURE.text, '').trim()}`.trim();
}

/** Runs of places that are learned, [start, end) each. */
export function labelRuns(labels: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const [i, label] of labels.entries()) {
    if (label === IGNORED) continue;
    const last = runs.at(-1);
    if (last?.[1] === i) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}
