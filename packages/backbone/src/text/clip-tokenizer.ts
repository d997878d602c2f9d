import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { cleanText } from './clean-text.ts';
import { bytesInIdOrder, loadMergeTable, type MergeTable } from './merge-table.ts';

/** Start of text. */
const SOT = 49_406;
/** End of text: the largest id, whose first position is where CLIP's text tower is read. */
const EOT = 49_407;
/** A longer text is refused: everything after the 77th token is dropped anyway, and merging takes time quadratic in a word's length. */
const MAX_TEXT_LENGTH = 10_000;
/** Words whose ids are remembered. Prompts repeat a few hundred words; hostile input must not grow the process. */
const MAX_CACHED_WORDS = 10_000;

/**
 * Words of a cleaned text: contractions, runs of letters, single digits, runs of anything else. U+017F (long s) is there because the original
 * pattern ignores case; for the same reason the combining iota U+0345 is in no class and is skipped. White space has been reduced to the
 * plain space before.
 */
const words = /'(?:[s\u017f]|t|re|ve|m|ll|d)|\p{L}+|\p{N}|[^ \p{L}\p{N}\u0345]+/gu;
const wordsAndSpecials = new RegExp(`<[s\u017f]tart_of_text>|<end_of_text>|${words.source}`, 'gu');

/** How to turn texts into ids. */
export interface TokenizeOptions {
  /**
   * What the literal words `<start_of_text>` and `<end_of_text>` in a text are. 'text' (default): ordinary characters, so that a label cannot
   * move the position where the tower is read. 'ids': the special ids, as in open_clip.
   */
  readonly specialTokens?: 'text' | 'ids';
  /** Tokens a text may have, with start and end. Default 77. */
  readonly contextLength?: number;
}

/** Token ids of N texts and where each one ends. */
export interface TokenBatch {
  /** [N, L]: start id, the text, end id, then zeros. */
  readonly ids: Tensor<'int32'>;
  /** Length N: position of the first end-of-text id of each row, 1..L-1 (an empty text: 1). */
  readonly eot: Int32Array;
}

/**
 * Cuts the columns that hold only padding. A text tower gives the same result, because each position looks only to its left, at a fraction
 * of the cost.
 *
 * @param multiple - The length becomes the next multiple of it (at most the context), so that a few session shapes serve every text.
 * @example
 * ```ts
 * import { ClipTokenizer, trimTokens } from '@vitamin-vlm/backbone';
 * const tokenizer = await ClipTokenizer.load();
 * console.log(trimTokens(tokenizer.tokenize(['a photo of a cat']), 8).ids.shape); // [ 1, 8 ]
 * ```
 */
export function trimTokens({ ids, eot }: TokenBatch, multiple = 1): TokenBatch {
  const [rows = 0, context = 0] = ids.shape;
  const longest = eot.reduce((length, end) => Math.max(length, end + 1), 1);
  const length = Math.min(Math.ceil(longest / multiple) * multiple, context);
  const data = new Int32Array(rows * length);
  for (let n = 0; n < rows; n++) data.set(ids.data.subarray(n * context, n * context + length), n * length);
  return { ids: { dtype: 'int32', shape: [rows, length], data }, eot };
}

let sharedTable: Promise<MergeTable> | undefined;

/**
 * CLIP's byte-pair tokenizer, id for id the SimpleTokenizer of open_clip (49,408 ids, text in lower case). The merges are loaded once, on first use.
 *
 * @example
 * ```ts
 * import { ClipTokenizer } from '@vitamin-vlm/backbone';
 * const tokenizer = await ClipTokenizer.load();
 * console.log(tokenizer.encode('a photo of a cat')); // [ 320, 1125, 539, 320, 2368 ]
 * const { ids, eot } = tokenizer.tokenize(['a cat', 'a dog']);
 * console.log(ids.shape, eot[0]); // [ 2, 77 ] 3
 * ```
 */
export class ClipTokenizer {
  readonly #table: MergeTable;
  readonly #cache = new Map<string, readonly number[]>();
  readonly #utf8 = new TextEncoder();
  /** Token id of each byte. */
  readonly #byteIds: Int32Array = new Int32Array(256);

  private constructor(table: MergeTable) {
    this.#table = table;
    for (const [id, byte] of bytesInIdOrder.entries()) this.#byteIds[byte] = id;
  }

  /**
   * Loads the merges (once per process) and makes a tokenizer.
   *
   * @throws VitaminError `RUNTIME` when the package with the merges is not installed as pinned.
   */
  static async load(): Promise<ClipTokenizer> {
    sharedTable ??= loadMergeTable();
    try {
      return new ClipTokenizer(await sharedTable);
    } catch (error) {
      sharedTable = undefined;
      throw error;
    }
  }

  /**
   * Ids of one text without start and end, of any length.
   *
   * @throws VitaminError `USAGE` for a text of more than 10,000 UTF-16 units.
   */
  encode(text: string, options: Pick<TokenizeOptions, 'specialTokens'> = {}): number[] {
    return this.#encode(text, options.specialTokens ?? 'text', Number.POSITIVE_INFINITY);
  }

  /**
   * Ids of N texts, each with start and end, cut at the context length (the last id is then the end) and padded with 0.
   *
   * @throws VitaminError `USAGE` for a text of more than 10,000 UTF-16 units or a context shorter than 2.
   */
  tokenize(texts: readonly string[], options: TokenizeOptions = {}): TokenBatch {
    const { specialTokens = 'text', contextLength = 77 } = options;
    if (!Number.isInteger(contextLength) || contextLength < 2) {
      throw new VitaminError('USAGE', `Expected a context length of at least 2 but received ${contextLength}`);
    }
    const rows = texts.map((text) => [SOT, ...this.#encode(text, specialTokens, contextLength - 1).slice(0, contextLength - 2), EOT]);
    const data = new Int32Array(rows.length * contextLength);
    const eot = new Int32Array(rows.length);
    rows.forEach((row, n) => {
      data.set(row, n * contextLength);
      eot[n] = row.indexOf(EOT);
    });
    return { ids: { dtype: 'int32', shape: [rows.length, contextLength], data }, eot };
  }

  /** Stops after the word that brings the count to `enough`: later words cannot change earlier ids. */
  #encode(text: string, specialTokens: 'text' | 'ids', enough: number): number[] {
    if (text.length > MAX_TEXT_LENGTH) {
      throw new VitaminError('USAGE', `Expected a text of at most ${MAX_TEXT_LENGTH} characters but received ${text.length}`, {
        hint: 'CLIP reads at most 75 tokens, about 60 words. Shorten the text.',
      });
    }
    const ids: number[] = [];
    for (const [word] of cleanText(text).matchAll(specialTokens === 'ids' ? wordsAndSpecials : words)) {
      if (specialTokens === 'ids' && word === '<start_of_text>') ids.push(SOT);
      else if (specialTokens === 'ids' && word === '<end_of_text>') ids.push(EOT);
      else for (const id of this.#wordIds(word)) ids.push(id);
      if (ids.length >= enough) break;
    }
    return ids;
  }

  #wordIds(word: string): readonly number[] {
    const known = this.#cache.get(word);
    if (known) return known;
    const bytes = this.#utf8.encode(word);
    const ids = Array.from(bytes, (byte) => this.#byteIds[byte]!);
    ids[ids.length - 1]! += 256; // the end-of-word form
    this.#merge(ids);
    if (this.#cache.size >= MAX_CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, ids);
    return ids;
  }

  /** Byte-pair merging in place: the pair of lowest rank first, every occurrence of it from left to right. */
  #merge(ids: number[]): void {
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      let left = -1;
      let right = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = this.#table.rank(ids[i]!, ids[i + 1]!);
        if (rank < best) {
          best = rank;
          left = ids[i]!;
          right = ids[i + 1]!;
        }
      }
      if (left < 0) return;
      let length = 0;
      for (let i = 0; i < ids.length; i++) {
        const merges = ids[i] === left && ids[i + 1] === right;
        ids[length++] = merges ? 512 + best : ids[i]!;
        if (merges) i++;
      }
      ids.length = length;
    }
  }
}
