import { type Tensor, tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { PICTURE_ID } from '../tokenizer/llama-tokenizer.ts';
import type { Decoder } from './decoder.ts';

/**
 * Embeddings of a prompt: those of its ids, with the tokens of a picture in place of each `PICTURE_ID`, in order.
 *
 * @param pictures - [tokens, H] each.
 * @returns [T, H]
 * @throws VitaminError `USAGE` for more or fewer pictures than places, and ids that the vocabulary does not have; `WEIGHTS_MISMATCH` for tokens of another
 *   width than the language model's.
 */
export async function embedPrompt(
  decoder: Pick<Decoder, 'embed' | 'model'>,
  ids: readonly number[],
  pictures: readonly Tensor<'float32'>[],
  options: WorkOptions = {},
): Promise<Tensor<'float32'>> {
  const { hidden } = decoder.model.config;
  const places = ids.filter((id) => id === PICTURE_ID).length;
  if (places !== pictures.length) {
    throw new VitaminError('USAGE', `Expected ${places} pictures for the places in the prompt but received ${pictures.length}`);
  }
  const other = pictures.find(({ shape }) => shape[1] !== hidden);
  if (other) {
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected visual tokens of the language model's ${hidden} numbers but received ${other.shape[1]}`,
      {
        hint: 'A projector works with the language model that it was trained with, and with no other.',
      },
    );
  }
  const words = await decoder.embed(
    ids.filter((id) => id !== PICTURE_ID),
    options,
  );
  const count = words.shape[0]! + pictures.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const out = tensor('float32', [count, hidden]);
  let [to, word, picture] = [0, 0, 0];
  for (const id of ids) {
    const rows = id === PICTURE_ID ? pictures[picture++]!.data : words.data.subarray(word * hidden, ++word * hidden);
    out.data.set(rows, to);
    to += rows.length;
  }
  return out;
}
