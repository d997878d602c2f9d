import type { PieceVocabulary } from '@vitamin-vlm/llava-bridge';

const SPACE = '\u2581';
/** The texts of a pair. */
const A = { Sequence: { id: 'A', type_id: 0 } };
const B = { Sequence: { id: 'B', type_id: 1 } };

/**
 * `tokenizer.json` of a vocabulary of SentencePiece, in the form that Llama 2 has: transformers reads it without the SentencePiece library. Two pieces merge where both
 * are pieces themselves, in the order of the result's score.
 */
export function tokenizerFile({ pieces, unk, bos, eos }: PieceVocabulary): Record<string, unknown> {
  const ids = new Map(pieces.map(({ text }, id) => [text, id]));
  const normal = pieces.filter(({ kind }) => kind === 'normal').toSorted((a, b) => b.score - a.score);
  const merges = normal.flatMap(({ text }) => splits(text).filter((pair) => pair.every((part) => ids.has(part))));
  const special = (id: number): Record<string, unknown> => {
    const options = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    return { id, content: pieces[id]!.text, ...options };
  };
  const first = { SpecialToken: { id: pieces[bos]!.text, type_id: 0 } };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [unk, bos, eos].map(special),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: SPACE },
        { type: 'Replace', pattern: { String: ' ' }, content: SPACE },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [first, A],
      pair: [first, A, B],
      special_tokens: { [pieces[bos]!.text]: { id: pieces[bos]!.text, ids: [bos], tokens: [pieces[bos]!.text] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: pieces[unk]!.text,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges,
    },
  };
}

/** A text in two parts, every way. */
function splits(text: string): [string, string][] {
  const characters = Array.from(text);
  return characters.slice(1).map((_, i) => [characters.slice(0, i + 1).join(''), characters.slice(i + 1).join('')]);
}
