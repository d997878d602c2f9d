import { IGNORED, type LlamaTokenizer, pictureMessage, PICTURE_ID, renderPrompt, templateOf } from '@vitamin-vlm/llava-bridge';
import { prompt } from './plan.ts';
import type { Turn } from './turns.ts';

const template = { ...templateOf(prompt.template), system: prompt.system };

/** Ids of a question about a picture, as the talker is asked: those before the picture, and those behind it. */
function questionIds(
  tokenizer: LlamaTokenizer,
  question: string,
): { readonly before: readonly number[]; readonly behind: readonly number[] } {
  const ids = tokenizer.encodePrompt(renderPrompt(template, [pictureMessage(question), null]));
  const at = ids.indexOf(PICTURE_ID);
  return { before: ids.slice(0, at), behind: ids.slice(at + 1) };
}

/** Ids before every picture. */
export function idsBefore(tokenizer: LlamaTokenizer): readonly number[] {
  return questionIds(tokenizer, '').before;
}

/** The text of a row, all arrays as long as it has places. */
export interface TextRow {
  readonly ids: BigInt64Array;
  readonly positions: BigInt64Array;
  readonly segments: BigInt64Array;
  readonly labels: BigInt64Array;
  /** What each label counts: every answer its weight, long or short. */
  readonly shares: Float32Array;
}

/**
 * Lays turns one behind the other as far as they fit; each is a segment of its own that begins at position `start`. The answer and its end are learned.
 */
export function packTurns(tokenizer: LlamaTokenizer, turns: readonly Turn[], places: number, start: number): TextRow {
  const row: TextRow = {
    ids: new BigInt64Array(places),
    positions: new BigInt64Array(places),
    segments: new BigInt64Array(places).fill(-1n),
    labels: new BigInt64Array(places).fill(BigInt(IGNORED)),
    shares: new Float32Array(places),
  };
  let [at, segment] = [0, 0];
  for (const { question, answer, weight = 1 } of turns) {
    const asked = questionIds(tokenizer, question).behind;
    // A text of its own begins with a space, as the answer behind "ASSISTANT:" does.
    const ids = [...asked, ...tokenizer.encode(answer, { bos: false }), tokenizer.eos];
    if (at + ids.length > places) continue;
    segment++;
    for (const [i, id] of ids.entries()) {
      row.ids[at + i] = BigInt(id);
      row.positions[at + i] = BigInt(start + i);
      row.segments[at + i] = BigInt(segment);
      // A label stands at the token before.
      if (i < asked.length) continue;
      row.labels[at + i - 1] = BigInt(id);
      row.shares[at + i - 1] = weight / (ids.length - asked.length);
    }
    at += ids.length;
  }
  return row;
}
