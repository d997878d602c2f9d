/** One piece of a SentencePiece vocabulary; its id is its place. */
export interface Piece {
  /** Spaces as U+2581; a byte as `<0x0A>`. */
  readonly text: string;
  /** The higher, the earlier two neighbors merge into it. */
  readonly score: number;
  /** `unused`: nothing merges into it. */
  readonly kind: 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';
}

/** A byte-pair vocabulary in the manner of SentencePiece, as LLaMA, Llama 2 and Vicuna have it. */
export interface PieceVocabulary {
  readonly pieces: readonly Piece[];
  readonly unk: number;
  readonly bos: number;
  readonly eos: number;
  /** A space is put before every text, so that the first word is like any other. LLaMA: true. */
  readonly dummyPrefix: boolean;
  /** What is in no piece is written byte by byte. LLaMA: true. */
  readonly byteFallback: boolean;
}

/** The byte that a piece such as `<0x0A>` stands for; undefined for another piece. */
export function byteOf({ kind, text }: Piece): number | undefined {
  return kind === 'byte' ? Number.parseInt(text.slice(3, 5), 16) : undefined;
}

/** Text and name of the piece of a byte. */
export function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
