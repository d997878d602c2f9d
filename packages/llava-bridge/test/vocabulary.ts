import { type Piece, type PieceVocabulary } from '../src/index.ts';

/** A small vocabulary: special tokens, the bytes, then these pieces, the earlier the sooner merged. */
export function smallVocabulary(...texts: readonly string[]): PieceVocabulary {
  const specials: Piece[] = [
    { text: '<unk>', score: 0, kind: 'unknown' },
    { text: '<s>', score: 0, kind: 'control' },
    { text: '</s>', score: 0, kind: 'control' },
  ];
  const bytes = Array.from({ length: 256 }, (_, byte): Piece => {
    return { text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, score: 0, kind: 'byte' };
  });
  const normal = texts.map((text, i): Piece => ({ text, score: -i, kind: 'normal' }));
  return { pieces: [...specials, ...bytes, ...normal], unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: true };
}

/** First id of `smallVocabulary` behind special tokens and bytes. */
export const FIRST = 259;
