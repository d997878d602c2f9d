import {
  LlamaTokenizer,
  type Piece,
  type PieceVocabulary,
  readSentencePieceModel,
  writeSentencePieceModel,
} from '@vitamin-vlm/llava-bridge';
import llama from 'llama-tokenizer-js';

/** First id behind the special tokens and the bytes. */
const FIRST = 259;
/** Score of the pieces that are made of spaces alone: they merge last. */
const SPACES_SCORE = -1e9;

/** LLaMA's 32,000 pieces with the scores of its tokenizer.model. */
export function llamaVocabulary(): PieceVocabulary {
  const pieces = llama.vocabById.map((text, id): Piece => {
    if (id === 0) return { text, score: 0, kind: 'unknown' };
    if (id < 3) return { text, score: 0, kind: 'control' };
    if (id < FIRST) return { text, score: 0, kind: 'byte' };
    return { text, score: /^\u2581+$/u.test(text) ? SPACES_SCORE : FIRST - id, kind: 'normal' };
  });
  return { pieces, unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: true };
}

/** LLaMA's tokenizer, through a tokenizer.model. */
export function llamaTokenizer(legacy: boolean, added?: ReadonlyMap<string, number>): LlamaTokenizer {
  return new LlamaTokenizer(readSentencePieceModel(writeSentencePieceModel(llamaVocabulary()), 'tokenizer.model'), { legacy, added });
}

/** The same vocabulary as `tokenizer.json`, as transformers 4.37 converts it. */
export function llamaTokenizerJson(): string {
  const { pieces } = llamaVocabulary();
  const merges = [...llama.merges.entries()].toSorted((a, b) => a[1] - b[1]).map(([key]) => key);
  return JSON.stringify({
    added_tokens: pieces.slice(0, 3).map(({ text }, id) => ({ id, content: text, special: true })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    pre_tokenizer: null,
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges,
    },
  });
}
