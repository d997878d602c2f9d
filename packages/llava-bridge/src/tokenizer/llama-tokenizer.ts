import { VitaminError } from '@vitamin-vlm/core';
import { PICTURE, type PromptPart, textPart } from '../prompt/prompt-part.ts';
import { ByteStream, encodeBytes } from './byte-level.ts';
import { mergePieces } from './merge-pieces.ts';
import { type DecodeOptions, PieceStream, type TextStream } from './text-stream.ts';
import { byteName, type PieceVocabulary } from './vocabulary.ts';

/** The id that stands for a picture among token ids (LLaVA's IMAGE_TOKEN_INDEX). */
export const PICTURE_ID = -200;

const SPACE = '\u2581';

/** What a tokenizer has beside its pieces. */
export interface LlamaTokenizerOptions {
  /**
   * transformers' `legacy`: a text behind a special token gets a space in front as if it were a text of its own. Llama 2 itself true; Vicuna 1.5 and LLaVA-1.5
   * false. The two differ in nothing else.
   */
  readonly legacy?: boolean | undefined;
  /** Tokens that were added to the vocabulary, name to id, such as `<image>` 32000 of the llava-hf files. */
  readonly added?: ReadonlyMap<string, number> | undefined;
}

/** How text becomes ids. */
export interface EncodeTextOptions {
  /** Begin with the special token of a beginning (`<s>`). Default true. */
  readonly bos?: boolean | undefined;
}

/**
 * LLaMA's tokenizer: SentencePiece byte pairs with byte fallback, equal to transformers' slow `LlamaTokenizer` id for id; Llama 3's, byte pairs over bytes, equal
 * to the fast one.
 *
 * @example
 * ```ts
 * import { loadTokenizer, pictureMessage, renderPrompt } from '@vitamin-vlm/llava-bridge';
 * const tokenizer = await loadTokenizer('vicuna-7b-v1.5');
 * const ids = tokenizer.encodePrompt(renderPrompt('vicuna_v1', [pictureMessage('What is in this image?'), null]));
 * console.log(ids); // 1, 319, …, 29901, 29871, -200, 29871, 13, …
 * console.log(tokenizer.decode([15043, 3186, 2])); // Hello world
 * ```
 */
export class LlamaTokenizer {
  readonly vocabulary: PieceVocabulary;
  readonly legacy: boolean;
  /** Special tokens by name: control pieces, the unknown piece, and what was added. */
  readonly specials: ReadonlyMap<string, number>;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #byId: ReadonlyMap<number, string>;

  constructor(vocabulary: PieceVocabulary, { legacy = true, added = new Map() }: LlamaTokenizerOptions = {}) {
    this.vocabulary = vocabulary;
    this.legacy = legacy;
    const own = vocabulary.pieces.flatMap(({ text, kind }, id) => (kind === 'control' || kind === 'unknown' ? [[text, id] as const] : []));
    this.specials = new Map([...own, ...added]);
    this.#byId = new Map([...this.specials].map(([name, id]) => [id, name]));
    this.#ids = new Map(
      vocabulary.pieces.flatMap(({ text, kind }, id) => (this.#byId.has(id) || kind === 'unused' ? [] : [[text, id] as const])),
    );
  }

  get bos(): number {
    return this.vocabulary.bos;
  }

  get eos(): number {
    return this.vocabulary.eos;
  }

  /** Ids of a text. Names of special tokens in it are text like any other. */
  encode(text: string, options: EncodeTextOptions = {}): number[] {
    return this.encodeParts(text === '' ? [] : [textPart(text)], options);
  }

  /**
   * Ids of text and special tokens.
   *
   * @throws VitaminError `USAGE` for a special token that the vocabulary does not have, and for a picture.
   */
  encodeParts(parts: readonly PromptPart[], { bos = true }: EncodeTextOptions = {}): number[] {
    const ids = bos ? [this.bos] : [];
    for (const [i, { kind, text }] of parts.entries()) {
      if (kind === 'text') for (const id of this.#encodeText(text, this.vocabulary.dummyPrefix && (this.legacy || i === 0))) ids.push(id);
      else ids.push(this.#special(text));
    }
    return ids;
  }

  /**
   * Ids of a prompt, with `PICTURE_ID` for each picture: LLaVA's `tokenizer_image_token`. The text on either side of a picture is a text of its own, so a space
   * comes to stand behind every picture.
   *
   * @throws VitaminError `USAGE` for a special token that the vocabulary does not have.
   */
  encodePrompt(parts: readonly PromptPart[]): number[] {
    const ids = [this.bos];
    for (let from = 0; from <= parts.length;) {
      const picture = parts.findIndex(({ kind }, i) => i >= from && kind === 'picture');
      const to = picture === -1 ? parts.length : picture;
      for (const id of this.encodeParts(parts.slice(from, to), { bos: false })) ids.push(id);
      if (picture !== -1) ids.push(PICTURE_ID);
      from = to + 1;
    }
    return ids;
  }

  /** Text of ids; special tokens are left out unless wanted. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const stream = this.stream(options);
    let text = '';
    for (const id of ids) text += stream.push(id);
    return text + stream.end();
  }

  /** Text of ids that come one by one. */
  stream(options: DecodeOptions = {}): TextStream {
    const { pieces, byteLevel } = this.vocabulary;
    return byteLevel ? new ByteStream(pieces, this.#byId, options) : new PieceStream(this.vocabulary, this.#byId, this.legacy, options);
  }

  #special(name: string): number {
    const id = this.specials.get(name);
    if (id !== undefined) return id;
    if (name === PICTURE.text)
      throw new VitaminError('USAGE', 'Expected text and special tokens but received a picture', { hint: 'Use encodePrompt.' });
    throw new VitaminError('USAGE', `Expected a special token of the vocabulary but received "${name}"`, {
      hint: `It has ${[...this.specials.keys()].join(', ')}.`,
    });
  }

  #encodeText(text: string, prefix: boolean): number[] {
    if (text === '') return [];
    const { pieces, unk, byteFallback, byteLevel } = this.vocabulary;
    if (byteLevel) return encodeBytes(text, this.#ids, byteLevel);
    const escaped = (prefix ? SPACE : '') + text.replaceAll(' ', SPACE);
    return mergePieces(escaped, (left, right) => {
      const id = this.#ids.get(left + right);
      return id === undefined || pieces[id]!.kind === 'byte' ? undefined : pieces[id]!.score;
    }).flatMap((piece) => {
      const id = this.#ids.get(piece);
      if (id !== undefined && pieces[id]!.kind !== 'byte') return [id];
      return byteFallback ? Array.from(Buffer.from(piece, 'utf8'), (byte) => this.#ids.get(byteName(byte)) ?? unk) : [unk];
    });
  }
}
