import { VitaminError } from '@vitamin-vlm/core';
import type { Piece } from './vocabulary.ts';

/** The members of `tokenizer.json` that are read. */
export interface TokenizerJson {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model?: {
    readonly type?: string;
    readonly vocab?: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
    readonly unk_token?: string | null;
  };
}

/** @throws VitaminError `INPUT_UNREADABLE` for a text that is no such file. */
export function parseTokenizerFile(text: string, name: string): TokenizerJson {
  try {
    const file: unknown = JSON.parse(text);
    if (typeof file === 'object' && file !== null) return file;
  } catch {
    // Told below.
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON object in ${name} but found something else`);
}

type Model = Required<NonNullable<TokenizerJson['model']>>;

/** Pieces by id; the rank of a merge takes the place of the score. @throws VitaminError `INPUT_UNREADABLE` for ids with gaps. */
export function readPieces(
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

/** That a tokenizer is none that is read here. */
export function unsupported(name: string, found: string): VitaminError {
  return new VitaminError(
    'UNSUPPORTED',
    `Expected a tokenizer of LLaMA (byte pairs with byte fallback, or those of Llama 3) in ${name} but found ${found}`,
    {
      hint: 'Use the tokenizer.model of the model where it has one.',
    },
  );
}
