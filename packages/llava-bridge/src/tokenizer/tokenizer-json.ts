import { byteLevelVocabulary, type EndNames } from './byte-level-json.ts';
import { parseTokenizerFile, readPieces, type TokenizerJson, unsupported } from './tokenizer-file.ts';
import type { PieceVocabulary } from './vocabulary.ts';

/** What `tokenizer.json` says. */
export interface TokenizerFile {
  readonly vocabulary: PieceVocabulary;
  readonly added: ReadonlyMap<string, number>;
  /** Whether every text behind a special token gets a space in front; undefined where the file does not say. */
  readonly legacy: boolean | undefined;
}

/**
 * Reads `tokenizer.json` of a LLaMA model: byte pairs with byte fallback, where the rank of a merge takes the place of the score, or those of Llama 3.
 *
 * @param names - Of the special tokens that begin and end a text, for Llama 3; default `<|begin_of_text|>` and `<|end_of_text|>`.
 * @throws VitaminError `INPUT_UNREADABLE` for a text that is no such file; `UNSUPPORTED` for another kind of tokenizer.
 */
export function readTokenizerJson(text: string, name: string, names: Partial<EndNames> = {}): TokenizerFile {
  const file = parseTokenizerFile(text, name);
  const { type, vocab } = file.model ?? {};
  if (type !== 'BPE' || !vocab) throw unsupported(name, `"${type ?? 'none'}"`);
  const added = new Map((file.added_tokens ?? []).map(({ content, id }) => [content, id]));
  const isByteLevel = JSON.stringify(file.pre_tokenizer ?? null).includes('"ByteLevel"');
  if (isByteLevel) return { vocabulary: byteLevelVocabulary(file, added, name, names), added, legacy: false };
  return { ...fallbackVocabulary(file, added, name), added };
}

/** Byte pairs with byte fallback. */
function fallbackVocabulary(file: TokenizerJson, added: ReadonlyMap<string, number>, name: string): Omit<TokenizerFile, 'added'> {
  const { vocab = {}, merges = [], byte_fallback: byteFallback, unk_token: unkToken } = file.model!;
  const normalizer = JSON.stringify(file.normalizer ?? null);
  const preTokenizer = JSON.stringify(file.pre_tokenizer ?? null);
  if (!byteFallback || !`${normalizer}${preTokenizer}`.includes('\u2581')) throw unsupported(name, 'one that splits words by a pattern');
  const scheme = normalizer.includes('"Prepend"') ? 'always' : /"prepend_scheme":"(\w+)"/u.exec(preTokenizer)?.[1];
  const id = (piece: string, otherwise: number): number => vocab[piece] ?? otherwise;
  return {
    vocabulary: {
      pieces: readPieces(vocab, merges, added, name),
      unk: id(unkToken ?? '<unk>', 0),
      bos: id('<s>', 1),
      eos: id('</s>', 2),
      dummyPrefix: scheme !== undefined && scheme !== 'never',
      byteFallback: true,
    },
    legacy: scheme === undefined ? undefined : scheme === 'always',
  };
}
