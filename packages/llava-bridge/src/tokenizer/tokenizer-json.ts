import { VitaminError } from '@vitamin-vlm/core';
import type { Piece, PieceVocabulary } from './vocabulary.ts';

/** The members of `tokenizer.json` that are read. */
interface TokenizerJson {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model?: {
    readonly type?: string;
    readonly vocab?: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly unk_token?: string | null;
  };
}

/** What `tokenizer.json` says. */
export interface TokenizerFile {
  readonly vocabulary: PieceVocabulary;
  readonly added: ReadonlyMap<string, number>;
  /** Whether every text behind a special token gets a space in front; undefined where the file does not say. */
  readonly legacy: boolean | undefined;
}

/**
 * Reads `tokenizer.json` of a LLaMA model: byte pairs with byte fallback. The rank of a merge takes the place of the score.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a text that is no such file; `UNSUPPORTED` for another kind of tokenizer.
 */
export function readTokenizerJson(text: string, name: string): TokenizerFile {
  const file = parse(text, name);
  const { type, vocab, merges = [], byte_fallback: byteFallback, unk_token: unkToken } = file.model ?? {};
  if (type !== 'BPE' || !vocab) throw unsupported(name, `"${type ?? 'none'}"`);
  const normalizer = JSON.stringify(file.normalizer ?? null);
  const preTokenizer = JSON.stringify(file.pre_tokenizer ?? null);
  if (!byteFallback || !`${normalizer}${preTokenizer}`.includes('\u2581')) throw unsupported(name, 'one that splits words by a pattern');
  const added = new Map((file.added_tokens ?? []).map(({ content, id }) => [content, id]));
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
    added,
    legacy: scheme === undefined ? undefined : scheme === 'always',
  };
}

type Model = Required<NonNullable<TokenizerJson['model']>>;

function readPieces(
  vocab: NonNullable<Model['vocab']>,
  merges: NonNullable<Model['merges']>,
  added: ReadonlyMap<string, number>,
  name: string,
): Piece[] {
  const entries = Object.entries(vocab);
  const count = entries.reduce((largest, [, id]) => Math.max(largest, id), -1) + 1;
  if (count === 0 || count > 2 * entries.length)
    throw new VitaminError('INPUT_UNREADABLE', `Expected consecutive ids in ${name} but found gaps`);
  const scores = new Map<string, number>();
  for (const [rank, merge] of merges.entries()) {
    const joined = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!scores.has(joined)) scores.set(joined, -rank);
  }
  const kindOf = (piece: string): Piece['kind'] => {
    if (added.has(piece)) return 'control';
    if (/^<0x[\dA-F]{2}>$/u.test(piece)) return 'byte';
    // A single character needs no merge; a longer piece that no merge makes is never made.
    return scores.has(piece) || /^.$/su.test(piece) ? 'normal' : 'unused';
  };
  const pieces: Piece[] = Array.from({ length: count }, () => ({ text: '', score: 0, kind: 'unused' }));
  for (const [piece, id] of entries) pieces[id] = { text: piece, score: scores.get(piece) ?? 0, kind: kindOf(piece) };
  return pieces;
}

function parse(text: string, name: string): TokenizerJson {
  try {
    const file: unknown = JSON.parse(text);
    if (typeof file === 'object' && file !== null) return file;
  } catch {
    // Told below.
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON object in ${name} but found something else`);
}

function unsupported(name: string, found: string): VitaminError {
  return new VitaminError('UNSUPPORTED', `Expected a tokenizer of LLaMA (byte pairs with byte fallback) in ${name} but found ${found}`, {
    hint: 'Use the tokenizer.model of the model where it has one.',
  });
}
