import { mergePieces } from './merge-pieces.ts';
import type { DecodeOptions, TextStream } from './text-stream.ts';
import type { ByteLevel } from './vocabulary.ts';

/** How Llama 3 cuts text into words, in the notation of `tokenizer.json` (Oniguruma). Other patterns are not read: a stranger's could take forever. */
export const LLAMA_3_PATTERN: string = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The same in JavaScript, whose `\s` is not Unicode's white space; `ſ` is an s to who ignores the case. */
const WORDS =
  /'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** GPT-2's alphabet: each byte as a character that can be seen, itself where it is one. */
const ALPHABET: readonly string[] = (() => {
  let hidden = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isSeen = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCodePoint(isSeen ? byte : hidden++);
  });
})();
const BYTES: ReadonlyMap<string, number> = new Map(ALPHABET.map((character, byte) => [character, byte]));

/** Ids of a text; a byte that is no piece is left out. */
export function encodeBytes(text: string, ids: ReadonlyMap<string, number>, { ranks, ignoreMerges }: ByteLevel): number[] {
  const rankOf = (left: string, right: string): number | undefined => {
    const rank = ranks.get(`${left} ${right}`);
    return rank === undefined ? undefined : -rank;
  };
  return (text.match(WORDS) ?? []).flatMap((word) => {
    const spelled = Array.from(Buffer.from(word, 'utf8'), (byte) => ALPHABET[byte]!).join('');
    const whole = ignoreMerges ? ids.get(spelled) : undefined;
    const pieces = whole === undefined ? mergePieces(spelled, rankOf) : [spelled];
    return pieces.flatMap((piece) => ids.get(piece) ?? []);
  });
}

/** Makes text of ids as they come; bytes that are no UTF-8 become U+FFFD. */
export class ByteStream implements TextStream {
  readonly #pieces: readonly { readonly text: string }[];
  readonly #specials: ReadonlyMap<number, string>;
  readonly #skipSpecial: boolean;
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(pieces: readonly { readonly text: string }[], specials: ReadonlyMap<number, string>, { skipSpecial = true }: DecodeOptions) {
    this.#pieces = pieces;
    this.#specials = specials;
    this.#skipSpecial = skipSpecial;
  }

  push(id: number): string {
    const special = this.#specials.get(id);
    if (special !== undefined) return this.#skipSpecial ? '' : this.#utf8.decode(Buffer.from(special, 'utf8'), { stream: true });
    const bytes = Array.from(this.#pieces[id]?.text ?? '', (character) => BYTES.get(character) ?? 0);
    return this.#utf8.decode(Uint8Array.from(bytes), { stream: true });
  }

  end(): string {
    return this.#utf8.decode();
  }
}
