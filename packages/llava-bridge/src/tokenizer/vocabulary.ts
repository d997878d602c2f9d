/** One piece of a vocabulary; its id is its place. */
export interface Piece {
  /** Of SentencePiece: spaces as U+2581, a byte as `<0x0A>`. Of Llama 3: bytes in GPT-2's alphabet. */
  readonly text: string;
  /** The higher, the earlier two neighbors merge into it. */
  readonly score: number;
  /** `unused`: nothing merges into it. */
  readonly kind: 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';
}

/** A byte-pair vocabulary over bytes, as Llama 3 has it: text is cut into words first, and pairs merge within a word by their rank. */
export interface ByteLevel {
  /** Rank of each merge, the first one 0, by both pieces with a space between them. */
  readonly ranks: ReadonlyMap<string, number>;
  /** A word that is a piece is that piece, whatever the merges would make of it. */
  readonly ignoreMerges: boolean;
}

/** A byte-pair vocabulary: in the manner of SentencePiece, as LLaMA, Llama 2 and Vicuna have it, or over bytes, as Llama 3 has it. */
export interface PieceVocabulary {
  readonly pieces: readonly Piece[];
  /** -1: there is none. */
  readonly unk: number;
  readonly bos: number;
  readonly eos: number;
  /** A space is put before every text, so that the first word is like any other. LLaMA: true. */
  readonly dummyPrefix: boolean;
  /** What is in no piece is written byte by byte. LLaMA: true. */
  readonly byteFallback: boolean;
  /** Llama 3: pairs merge over bytes, within words. */
  readonly byteLevel?: ByteLevel | undefined;
}

/** The byte that a piece such as `<0x0A>` stands for; undefined for another piece. */
export function byteOf({ kind, text }: Piece): number | undefined {
  return kind === 'byte' ? Number.parseInt(text.slice(3, 5), 16) : undefined;
}

/** Text and name of the piece of a byte. */
export function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
