import type { Piece, PieceVocabulary } from '@vitamin-vlm/llava-bridge';

const SPACE = '\u2581';
const SPECIALS: readonly Piece[] = [
  { text: '<unk>', score: 0, kind: 'unknown' },
  { text: '<s>', score: 0, kind: 'control' },
  { text: '</s>', score: 0, kind: 'control' },
];

/**
 * Learns a byte-pair vocabulary in the manner of LLaMA's: special pieces, all bytes, merges in the order of their frequency (Sennrich et al., arXiv:1508.07909),
 * single characters. Pieces never reach over a space or another sign.
 *
 * @param words - How often each word occurs; a word that follows a space begins with one.
 */
export function learnBytePairs(words: ReadonlyMap<string, number>, size: number): PieceVocabulary {
  const split = [...words].map(([word, count]) => ({ parts: Array.from(word.replaceAll(' ', SPACE)), count }));
  const characters = [...new Set(split.flatMap(({ parts }) => parts))].toSorted();
  const merged: string[] = [];
  const room = size - SPECIALS.length - 256 - characters.length;
  while (merged.length < room) {
    const pair = mostFrequent(split);
    if (!pair) break;
    merged.push(pair[0] + pair[1]);
    for (const word of split) word.parts = joinPair(word.parts, pair);
  }
  const bytes = Array.from({ length: 256 }, (_, byte): Piece => {
    return { text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, score: 0, kind: 'byte' };
  });
  const learned = [...new Set([...merged, ...characters])].map((text, i): Piece => ({ text, score: -i, kind: 'normal' }));
  const pieces = [...SPECIALS, ...bytes, ...learned];
  return { pieces, unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: true };
}

type Pair = readonly [string, string];

/** The pair that occurs most, at least twice; of equal ones the first in the alphabet. */
function mostFrequent(words: readonly { readonly parts: readonly string[]; readonly count: number }[]): Pair | undefined {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let i = 1; i < parts.length; i++) {
      const key = `${parts[i - 1]}\0${parts[i]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best: string | undefined;
  for (const [key, count] of counts) {
    const most = best === undefined ? 1 : counts.get(best)!;
    if (count > most || (count === most && best !== undefined && key < best)) best = key;
  }
  return best?.split('\0') as unknown as Pair | undefined;
}

function joinPair(parts: readonly string[], [left, right]: Pair): string[] {
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const isPair = parts[i] === left && parts[i + 1] === right;
    out.push(isPair ? left + right : parts[i]!);
    if (isPair) i++;
  }
  return out;
}

/** Words of texts with the space before them, and signs on their own. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/ ?[\p{L}\p{N}]+|[^\p{L}\p{N}\s]/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
