import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Tokenizer } from '@huggingface/tokenizers';
import { tensor, VitaminError } from '@vitamin-vlm/core';
import { canonicalText, repairText } from './clean-text.ts';
import { ClipTokenizer, type TokenBatch } from './clip-tokenizer.ts';

/** How the text towers of other models read words: CLIPA with BERT's word pieces, SigLIP 2 with Gemma's byte pairs. */
export type TokenizerKind = 'bert' | 'gemma';

/** Texts to ids, as a text tower reads them. */
export interface TextTokenizer {
  /** What ids depend on beside the texts: empty for CLIP's own at its usual length. */
  readonly identity: string;
  /** [N, context] ids, padded with 0, and where each text ends. @throws VitaminError `USAGE` for a text of more than 10,000 UTF-16 units. */
  tokenize(texts: readonly string[]): Promise<TokenBatch>;
}

const CLIP_CONTEXT = 77;
/** Gemma's has 34 MB. */
const MAX_TOKENIZER_BYTES = 1 << 26;
/** As CLIP's tokenizer. */
const MAX_TEXT_LENGTH = 10_000;

/** CLIP's tokenizer for a tower of this context. */
export function clipTextTokenizer(context: number): TextTokenizer {
  return {
    identity: context === CLIP_CONTEXT ? '' : `clip ${context}`,
    tokenize: async (texts) => (await ClipTokenizer.load()).tokenize(texts, { contextLength: context }),
  };
}

/** What a kind does before and after the tokenizer itself, as open_clip's HFTokenizer is configured for it. */
interface Rule {
  /** The algorithm that its file must state. */
  readonly model: string;
  readonly clean: (text: string) => string;
  /** Special tokens around the ids of a text; `null` stands for one that open_clip replaces by padding. */
  readonly before: readonly string[];
  readonly after: readonly (string | null)[];
}

const rules: Readonly<Record<TokenizerKind, Rule>> = {
  // The library of the original lowers letters one by one: a capital sigma is never taken for the last of a word.
  bert: { model: 'WordPiece', clean: (text) => repairText(text).replaceAll('Σ', 'σ'), before: ['[CLS]'], after: [null] },
  gemma: { model: 'BPE', clean: canonicalText, before: [], after: ['<eos>'] },
};

/** Sizes of a text tower that its ids must fit. */
interface Limits {
  readonly context: number;
  readonly vocabulary: number;
}

/**
 * The tokenizer in a `tokenizer.json`, as the libraries of Hugging Face write it. Its bytes are read for the identity; it is made when texts come.
 *
 * @throws VitaminError `UNSUPPORTED` for a file beyond the limit.
 */
export async function openTextTokenizer(path: string, kind: TokenizerKind, limits: Limits): Promise<TextTokenizer> {
  const info = await stat(path);
  if (!info.isFile() || info.size > MAX_TOKENIZER_BYTES) {
    throw new VitaminError('UNSUPPORTED', `Expected a tokenizer of at most ${MAX_TOKENIZER_BYTES} bytes but found ${info.size} in ${path}`);
  }
  const bytes = await readFile(path);
  let made: Promise<FileTokenizer> | undefined;
  return {
    identity: `${kind} ${limits.context} ${createHash('sha256').update(bytes).digest('hex')}`,
    tokenize: async (texts) => {
      made ??= FileTokenizer.parse(bytes, path, rules[kind], limits);
      return (await made).tokenize(texts);
    },
  };
}

class FileTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #rule: Rule;
  readonly #limits: Limits;
  readonly #path: string;

  private constructor(tokenizer: Tokenizer, path: string, rule: Rule, limits: Limits) {
    this.#tokenizer = tokenizer;
    this.#path = path;
    this.#rule = rule;
    this.#limits = limits;
  }

  static async parse(bytes: Uint8Array, path: string, rule: Rule, limits: Limits): Promise<FileTokenizer> {
    const { Tokenizer: Made } = await import('@huggingface/tokenizers');
    const fail = (what: string, cause?: unknown): VitaminError =>
      new VitaminError('UNSUPPORTED', `Expected a tokenizer of the model ${rule.model} but found ${what} in ${path}`, { cause });
    let json: TokenizerFile;
    try {
      json = JSON.parse(new TextDecoder().decode(bytes)) as TokenizerFile;
    } catch (cause) {
      throw fail('no JSON', cause);
    }
    const { type } = json.model ?? {};
    if (type !== rule.model) throw fail(typeof type === 'string' ? type.slice(0, 40) : 'none');
    // Expressions of a stranger can take for ever. The tokenizers in question have none.
    if (hasExpression([json.normalizer, json.pre_tokenizer])) throw fail('a regular expression');
    try {
      return new FileTokenizer(new Made(json, {}), path, rule, limits);
    } catch (cause) {
      throw fail('a damaged one', cause);
    }
  }

  tokenize(texts: readonly string[]): TokenBatch {
    const { context } = this.#limits;
    const ids = tensor('int32', [texts.length, context]);
    const eot = new Int32Array(texts.length);
    for (const [n, text] of texts.entries()) {
      const row = this.#row(text);
      ids.data.set(row, n * context);
      eot[n] = row.length - 1;
    }
    return { ids, eot };
  }

  #row(text: string): number[] {
    if (text.length > MAX_TEXT_LENGTH) {
      throw new VitaminError('USAGE', `Expected a text of at most ${MAX_TEXT_LENGTH} characters but received ${text.length}`);
    }
    const { clean, before, after } = this.#rule;
    const { context, vocabulary } = this.#limits;
    const { ids } = this.#tokenizer.encode(clean(text), { add_special_tokens: false });
    const special = (token: string | null): number => (token === null ? 0 : this.#tokenizer.token_to_id(token)) ?? vocabulary;
    const row = [...before.map(special), ...ids.slice(0, context - before.length - after.length), ...after.map(special)];
    const wrong = row.find((id) => !(id >= 0 && id < vocabulary));
    if (wrong === undefined) return row;
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ids below ${vocabulary} but ${this.#path} gives ${wrong}`, {
      hint: 'It is the tokenizer of another model, or lacks special tokens.',
    });
  }
}

/** What is looked at of a file before it is trusted. */
interface TokenizerFile extends Record<string, unknown> {
  readonly model?: { readonly type?: unknown };
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
}

function hasExpression(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => name === 'Regex' || hasExpression(inner));
}
