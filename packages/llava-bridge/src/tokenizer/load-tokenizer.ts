import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { LlamaTokenizer } from './llama-tokenizer.ts';
import { readSentencePieceModel } from './sentencepiece-model.ts';
import type { EndNames } from './byte-level-json.ts';
import { readTokenizerJson } from './tokenizer-json.ts';

/** The largest public tokenizer.json has 33 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * Loads the tokenizer of a language model: `tokenizer.model`, or `tokenizer.json` where there is none, with what `tokenizer_config.json` and
 * `added_tokens.json` beside it say.
 *
 * @param path - The model's folder, or one of the two files.
 * @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, `UNSUPPORTED`.
 * @example
 * ```ts
 * import { loadTokenizer } from '@vitamin-vlm/llava-bridge';
 * const tokenizer = await loadTokenizer('vicuna-7b-v1.5', { legacy: false });
 * ```
 */
export async function loadTokenizer(path: string, options: { readonly legacy?: boolean | undefined } = {}): Promise<LlamaTokenizer> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const folder = isFolder ? path : dirname(path);
  const file = isFolder ? await firstOf(join(path, 'tokenizer.model'), join(path, 'tokenizer.json')) : path;
  const bytes = await readLimited(file);
  if (!bytes) throw notFound(path);
  const config = await readJson(join(folder, 'tokenizer_config.json'));
  const added = new Map<string, number>();
  for (const [name, id] of Object.entries(await readJson(join(folder, 'added_tokens.json')))) {
    if (typeof id === 'number') added.set(name, id);
  }
  const declared = config['added_tokens_decoder'];
  for (const [id, token] of Object.entries(isObject(declared) ? declared : {})) {
    if (isObject(token) && typeof token['content'] === 'string') added.set(token['content'], Number(id));
  }
  const legacy = options.legacy ?? (typeof config['legacy'] === 'boolean' ? config['legacy'] : undefined);
  if (!basename(file).endsWith('.json')) return new LlamaTokenizer(readSentencePieceModel(bytes, file), { legacy, added });
  const names = { ...nameIn(config, 'bos'), ...nameIn(config, 'eos') };
  const parsed = readTokenizerJson(new TextDecoder().decode(bytes), file, names);
  return new LlamaTokenizer(parsed.vocabulary, { legacy: legacy ?? parsed.legacy, added: new Map([...parsed.added, ...added]) });
}

/** The name of a special token that the configuration gives, as a text or as an object with one. */
function nameIn(config: Record<string, unknown>, which: keyof EndNames): Partial<EndNames> {
  const token = config[`${which}_token`];
  const name = isObject(token) ? token['content'] : token;
  return typeof name === 'string' ? { [which]: name } : {};
}

async function firstOf(...paths: readonly [string, string]): Promise<string> {
  return await stat(paths[0]).then(
    () => paths[0],
    () => paths[1],
  );
}

/** The bytes of a file; undefined where there is none. */
async function readLimited(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new VitaminError('INPUT_UNREADABLE', `Expected at most ${MAX_BYTES} bytes in ${path} but found ${size}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const bytes = await readLimited(path);
  if (!bytes) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON object in ${path} but found something else`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notFound(path: string): VitaminError {
  return new VitaminError('INPUT_NOT_FOUND', `Expected tokenizer.model or tokenizer.json at ${path} but found neither`, {
    hint: 'Name the folder of the language model, or the file.',
  });
}
