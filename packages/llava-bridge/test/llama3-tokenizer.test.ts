import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { labelConversation, type LlamaTokenizer, loadTokenizer, PICTURE, renderPrompt, templates, textPart } from '../src/index.ts';

// A small vocabulary trained on this repository's pages, and what transformers makes of texts with it: its file `made` names the versions.
const source = fileURLToPath(new URL('llama3/', import.meta.url));

interface Vectors {
  readonly texts: readonly (readonly [text: string, ids: readonly number[]])[];
  readonly chat: { readonly messages: readonly { readonly content: string }[]; readonly ids: readonly number[]; readonly text: string };
  readonly decoded: readonly (readonly [ids: readonly number[], text: string])[];
}

let vectors: Vectors;
let tokenizer: LlamaTokenizer;
let folder: string;
beforeAll(async () => {
  vectors = JSON.parse(await readFile(join(source, 'vectors.json'), 'utf8')) as Vectors;
  tokenizer = await loadTokenizer(source);
  folder = await mkdtemp(join(tmpdir(), 'llama3-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('ids of transformers, text for text', () => {
  for (const [text, ids] of vectors.texts) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
});

it('text of transformers, whole and as it comes', () => {
  for (const [ids, text] of vectors.decoded) expect(tokenizer.decode(ids)).toBe(text);
  expect(tokenizer.decode(vectors.chat.ids, { skipSpecial: false })).toBe(vectors.chat.text);
  const stream = tokenizer.stream();
  const pieces = tokenizer.encode('a😀é', { bos: false }).map((id) => stream.push(id));
  expect([...pieces.filter((piece) => piece !== ''), stream.end()]).toEqual(['a', '😀', 'é', '']);
});

it("chats as Llama 3's own template writes them", () => {
  const [{ content: system }, ...turns] = vectors.chat.messages as [{ content: string }, ...{ content: string }[]];
  const template = { ...templates['llama_3']!, system };
  expect(tokenizer.encodePrompt(renderPrompt(template, [...turns.map(({ content }) => content), null]))).toEqual(vectors.chat.ids);
});

it('a picture has its place, and what a user types stays text', () => {
  const ids = tokenizer.encodePrompt(renderPrompt('llava_llama_3', [[PICTURE, textPart('\nWhat <|eot_id|>?')], null]));
  const eot = tokenizer.specials.get('<|eot_id|>')!;
  expect(ids.filter((id) => id === -200)).toHaveLength(1);
  expect(ids.filter((id) => id === eot)).toHaveLength(2); // of the system text, and of the question
  expect(tokenizer.eos).toBe(eot);
});

it('refuses another way to cut words, a normalizer, and labels that only LLaVA-1.5 has', async () => {
  const file = JSON.parse(await readFile(join(source, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
  const wrong = async (changes: Record<string, unknown>, message: RegExp): Promise<void> => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify({ ...file, ...changes }));
    await expect(loadTokenizer(folder)).rejects.toThrow(message);
  };
  const slow = { pretokenizers: [{ type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' }, { type: 'ByteLevel' }] };
  await wrong({ pre_tokenizer: { type: 'Sequence', ...slow } }, /words cut by "\(a\+\)\+\$"/u);
  await wrong({ pre_tokenizer: { type: 'ByteLevel' } }, /words cut by \{"type":"ByteLevel"\}/u);
  await wrong({ normalizer: { type: 'NFC' } }, /a normalizer/u);
  await wrong({ added_tokens: [] }, /no special token <\|begin_of_text\|>/u);
  expect(() => labelConversation(tokenizer, [{ from: 'human', value: 'Hi' }])).toThrow(/SentencePiece/u);
});
