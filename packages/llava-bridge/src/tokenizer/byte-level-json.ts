import { LLAMA_3_PATTERN } from './byte-level.ts';
import { readPieces, type TokenizerJson, unsupported } from './tokenizer-file.ts';
import type { PieceVocabulary } from './vocabulary.ts';

/** Names of the special tokens that begin and end a text. */
export interface EndNames {
  readonly bos: string;
  readonly eos: string;
}

/** Those of Llama 3. */
const LLAMA_3_ENDS: EndNames = { bos: '<|begin_of_text|>', eos: '<|end_of_text|>' };

/**
 * The vocabulary of Llama 3: text is cut by one pattern, then byte pairs merge.
 *
 * @throws VitaminError `UNSUPPORTED` for another pattern, a normalizer, and special tokens that are not there.
 */
export function byteLevelVocabulary(
  file: TokenizerJson,
  added: ReadonlyMap<string, number>,
  name: string,
  names: Partial<EndNames>,
): PieceVocabulary {
  const { vocab = {}, merges = [], ignore_merges: ignoreMerges = false } = file.model!;
  expectLlama3(file, name);
  const ranks = new Map<string, number>();
  for (const [rank, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge : merge.join(' ');
    if (!ranks.has(pair)) ranks.set(pair, rank);
  }
  const idOf = (token: string): number => {
    const id = added.get(token) ?? vocab[token];
    if (id !== undefined) return id;
    throw unsupported(name, `no special token ${token}`);
  };
  const { bos, eos } = { ...LLAMA_3_ENDS, ...names };
  const pieces = readPieces(vocab, merges, added, name).map((piece) =>
    piece.kind === 'control' ? piece : { ...piece, kind: 'normal' as const },
  );
  const byteLevel = { ranks, ignoreMerges };
  return { pieces, unk: -1, bos: idOf(bos), eos: idOf(eos), dummyPrefix: false, byteFallback: false, byteLevel };
}

interface PreTokenizer {
  readonly type?: unknown;
  readonly pattern?: { readonly Regex?: unknown };
  readonly behavior?: unknown;
  readonly invert?: unknown;
  readonly use_regex?: unknown;
  readonly add_prefix_space?: unknown;
  readonly pretokenizers?: readonly PreTokenizer[];
}

/** What stands before the merges: one pattern whose matches are the words, then bytes as characters. */
function expectLlama3({ pre_tokenizer: found, normalizer }: TokenizerJson, name: string): void {
  const [split = {}, bytes = {}, ...more] = (found as PreTokenizer | null)?.pretokenizers ?? [];
  const cuts = split.pattern?.Regex === LLAMA_3_PATTERN && split.behavior === 'Isolated' && split.invert !== true;
  const spells = bytes.type === 'ByteLevel' && bytes.use_regex === false && bytes.add_prefix_space === false;
  if (!cuts || !spells || more.length > 0) throw unsupported(name, `words cut by ${JSON.stringify(split.pattern?.Regex ?? found)}`);
  if (normalizer) throw unsupported(name, 'a normalizer');
}
