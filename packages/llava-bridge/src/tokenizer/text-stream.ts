import { byteOf, type PieceVocabulary } from './vocabulary.ts';

const SPACE = '\u2581';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** How ids become text. */
export interface DecodeOptions {
  /** Leave special tokens out. Default true. */
  readonly skipSpecial?: boolean | undefined;
}

/** Makes text of ids as they come. */
export interface TextStream {
  /** The text that this id completes; may be empty. */
  push(id: number): string;
  /** What is left when no more ids come. */
  end(): string;
}

/**
 * The stream of a SentencePiece vocabulary. A character that several byte tokens make up is given out when it is whole; bytes that are no UTF-8 become U+FFFD, one
 * for each, as SentencePiece does it.
 */
export class PieceStream implements TextStream {
  readonly #vocabulary: PieceVocabulary;
  readonly #specials: ReadonlyMap<number, string>;
  readonly #legacy: boolean;
  readonly #skipSpecial: boolean;
  #bytes: number[] = [];
  /** Nothing has been given in since the beginning. */
  #first = true;
  /** SentencePiece drops one space at the beginning of each text it is given: legacy only. */
  #dropSpace: boolean;
  #afterSpecial = false;

  constructor(
    vocabulary: PieceVocabulary,
    specials: ReadonlyMap<number, string>,
    legacy: boolean,
    { skipSpecial = true }: DecodeOptions = {},
  ) {
    this.#vocabulary = vocabulary;
    this.#specials = specials;
    this.#legacy = legacy;
    this.#skipSpecial = skipSpecial;
    this.#dropSpace = legacy;
  }

  /** The text that this id completes; may be empty. An id of no piece, which padded vocabularies have, is U+FFFD. */
  push(id: number): string {
    const special = this.#specials.get(id);
    if (special !== undefined) return this.#skipSpecial ? '' : this.#special(special);
    const first = this.#first;
    this.#first = false;
    this.#afterSpecial = false;
    const piece = this.#vocabulary.pieces[id];
    const byte = piece && byteOf(piece);
    if (byte !== undefined) {
      this.#dropSpace = false;
      this.#bytes.push(byte);
      return this.#takeCharacters(false);
    }
    let text = piece?.text ?? '\ufffd';
    if (first && text.startsWith(SPACE)) text = text.slice(1);
    if (this.#dropSpace && text !== '') {
      this.#dropSpace = false;
      if (text.startsWith(SPACE)) text = text.slice(1);
    }
    return this.#takeCharacters(true) + text.replaceAll(SPACE, ' ');
  }

  /** What is left when no more ids come: bytes of a character that never became whole. */
  end(): string {
    return this.#takeCharacters(true);
  }

  #special(name: string): string {
    const gap = this.#legacy && !this.#first && !this.#afterSpecial ? ' ' : '';
    this.#first = false;
    this.#afterSpecial = true;
    this.#dropSpace = this.#legacy;
    return gap + this.#takeCharacters(true) + name;
  }

  /** Takes whole characters off the pending bytes. `all`: no more bytes follow. */
  #takeCharacters(all: boolean): string {
    let [text, at] = ['', 0];
    const bytes = Uint8Array.from(this.#bytes);
    while (at < bytes.length) {
      const length = sequenceLength(bytes[at]!);
      const sequence = bytes.subarray(at, at + length);
      if (!all && sequence.length < length && sequence.subarray(1).every((byte) => byte >> 6 === 2)) break;
      const character = decodeStrictly(sequence);
      text += character ?? '\ufffd';
      at += character === undefined ? 1 : length;
    }
    this.#bytes = [...bytes.subarray(at)];
    return text;
  }
}

/** Bytes of the UTF-8 sequence that this byte begins; 1 where it begins none. */
function sequenceLength(byte: number): number {
  if (byte >= 0xf0 && byte < 0xf8) return 4;
  if (byte >= 0xe0 && byte < 0xf0) return 3;
  return byte >= 0xc0 && byte < 0xe0 ? 2 : 1;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
