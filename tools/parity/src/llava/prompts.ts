import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import {
  endsWithKeyword,
  keywordIdsOf,
  type LlamaTokenizer,
  loadTokenizer,
  parsePrompt,
  pictureMessage,
  type PromptPart,
  promptText,
  pythonJson,
  renderPrompt,
  templateOf,
  withPictureFirst,
} from '@vitamin-vlm/llava-bridge';
import llama from 'llama-tokenizer-js';
import type { GoldenChecker } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { llamaTokenizer, llamaTokenizerJson } from './pieces.ts';

/** Conversation templates, LLaMA's tokenizer, pictures in prompts, decoding, the rule to stop. */
export const llavaPrompts: GoldenChecker = async (golden, { folder }) => {
  const slow = llamaTokenizer(false);
  const legacy = llamaTokenizer(true);
  await writeFile(join(folder, 'tokenizer.json'), llamaTokenizerJson());
  const fast = await loadTokenizer(join(folder, 'tokenizer.json'));
  compareVocabulary(golden.at('tokenizerModel'), slow);
  for (const name of golden.at('templates').keys()) compareTemplate(golden.at('templates', name), name);
  for (const row of rows(golden, 'prompts')) comparePrompt(row, slow, legacy);
  for (const row of rows(golden, 'tupleMessages')) {
    const message = parsePrompt(row.at('text').takeText());
    row
      .at('prompt')
      .equal(promptText(renderPrompt(row.at('mode').takeText(), withPictureFirst(row.at('mode').takeText(), [message, null]))));
  }
  for (const row of rows(golden, 'placeholder')) row.at('message').equal(promptText(pictureMessage(row.at('query').takeText())));
  for (const row of rows(golden, 'imageTokenSplit')) {
    const parts = parsePrompt(row.at('text').takeText());
    row.at('ids').equal(slow.encodePrompt(parts));
    if (row.has('idsLegacyTrue')) row.at('idsLegacyTrue').equal(legacy.encodePrompt(parts));
  }
  compareTexts(golden.at('tokenize'), { slow, legacy, fast });
  for (const row of rows(golden, 'llamaTokenizerJs122Differs')) {
    const text = row.at('text').takeText();
    const ids = llama.encode(text);
    row.at('jsIds').equal(ids);
    row.at('equalsRawSentencePiece').equal(ids.join() === slow.encode(text).join());
  }
  for (const row of rows(golden, 'decode')) compareText(row, slow, legacy);
  // A setting of transformers; nothing here cleans texts up.
  golden.at('decodeCleanUpDefault').take();
  for (const row of rows(golden, 'stopping')) compareStop(row, slow);
  for (const row of rows(golden, 'hfStyle')) compareWholeString(row);
};

function rows(golden: Golden, name: string): Golden[] {
  const list = golden.at(name);
  return list.keys().map((i) => list.at(i));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function compareVocabulary(golden: Golden, { vocabulary: { pieces, unk, bos, eos } }: LlamaTokenizer): void {
  // Of the published file, which nobody needs here: its pieces are compared.
  for (const name of ['sha256', 'bytes', 'pad', 'scoresRule']) golden.at(name).take();
  golden.at('pieces').equal(pieces.length);
  golden.at('unk').equal(unk);
  golden.at('bos').equal(bos);
  golden.at('eos').equal(eos);
  golden.at('piecesSha256').equal(sha256(pieces.map(({ text }) => text).join('\n')));
  for (const id of golden.at('pieceSamples').keys()) golden.at('pieceSamples', id).equal(pieces[Number(id)]?.text);
  for (const id of golden.at('scoreSamples').keys()) golden.at('scoreSamples', id).equal(pieces[Number(id)]?.score);
  golden.at('lowScorePieces').equal(Object.fromEntries(pieces.flatMap(({ text, score }, id) => (score === -1e9 ? [[id, text]] : []))));
}

function compareTemplate(golden: Golden, name: string): void {
  const { system, roles, style, separators, version, examples } = templateOf(name);
  const long = golden.at('system').value;
  golden.at('system').equal(typeof long === 'string' ? system : { length: system.length, sha256: sha256(system) });
  golden.at('roles').equal(roles);
  golden.at('sepStyle').equal(style.toUpperCase().replace('-', '_'));
  golden.at('sep').equal(separators[0]);
  golden.at('sep2').equal(separators[1]);
  golden.at('version').equal(version);
  golden.at('offset').equal(examples.length);
  const messages = examples.map((text, i) => [roles[i % 2], text]);
  const hashed = { count: messages.length, sha256OfJson: sha256(pythonJson(messages)) };
  golden.at('initialMessages').equal(Array.isArray(golden.at('initialMessages').value) ? messages : hashed);
}

function comparePrompt(row: Golden, slow: LlamaTokenizer, legacy: LlamaTokenizer): void {
  const dialog = row.at('dialog').take() as (string | null)[];
  const mode = row.at('mode').takeText();
  let parts: PromptPart[];
  try {
    parts = renderPrompt(
      mode,
      dialog.map((message) => (message === null ? null : parsePrompt(message))),
    );
  } catch (error) {
    if (!(error instanceof VitaminError) || !row.has('error')) throw error;
    // Refused by both; the words are each program's own.
    row.at('error').equal(row.at('error').value);
    return;
  }
  row.at('prompt').equal(promptText(parts));
  row.at('ids').equal(slow.encodePrompt(parts));
  (row.has('idsLegacyTrue') ? row.at('idsLegacyTrue') : row.at('ids')).equal(legacy.encodePrompt(parts));
}

function compareTexts(golden: Golden, { slow, legacy, fast }: Record<'slow' | 'legacy' | 'fast', LlamaTokenizer>): void {
  const list = rows(golden, 'rows');
  golden.at('count').equal(list.length);
  const differing = { legacyFalse: 0, fast: 0, rawSentencePiece: 0 };
  for (const row of list) {
    const text = row.at('text').takeText();
    const parts = parsePrompt(text).map((part) => (part.kind === 'picture' ? { ...part, kind: 'text' as const } : part));
    const ids = legacy.encodeParts(joinTexts(parts));
    row.at('ids').equal(ids);
    for (const [name, found] of Object.entries({
      legacyFalse: slow.encodeParts(joinTexts(parts)),
      fast: fast.encodeParts(joinTexts(parts)),
      rawSentencePiece: slow.encode(text),
    })) {
      const key = `ids${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      if (found.join() !== ids.join()) differing[name as keyof typeof differing]++;
      (row.has(key) ? row.at(key) : row.at('ids')).equal(found);
    }
  }
  golden.at('differingFromLegacyTrue').equal(differing);
}

/** `<image>` is ordinary text for the tokenizer alone. */
function joinTexts(parts: readonly PromptPart[]): PromptPart[] {
  return parts.reduce<PromptPart[]>((joined, part) => {
    const last = joined.at(-1);
    return last?.kind === 'text' && part.kind === 'text'
      ? [...joined.slice(0, -1), { ...last, text: last.text + part.text }]
      : [...joined, part];
  }, []);
}

function compareText(row: Golden, slow: LlamaTokenizer, legacy: LlamaTokenizer): void {
  const ids = row.at('ids').takeNumbers();
  row.at('skipSpecial').equal(slow.decode(ids));
  row.at('skipSpecialStripped').equal(slow.decode(ids).trim());
  row.at('keepSpecial').equal(slow.decode(ids, { skipSpecial: false }));
  row.at('legacyTrueSkipSpecial').equal(legacy.decode(ids));
  row.at('defaultCall').equal(slow.decode(ids));
}

function compareStop(row: Golden, tokenizer: LlamaTokenizer): void {
  const keywords = row.at('keywords').take() as string[];
  row.at('keywordIds').equal(keywords.map((keyword) => keywordIdsOf(tokenizer, keyword)));
  row.at('stop').equal(endsWithKeyword(tokenizer, keywords, row.at('outputIds').takeNumbers(), row.at('promptLength').takeNumber()));
}

/** The picture's name as one more token of the vocabulary, and the whole prompt as one text: what transformers' own LLaVA does. */
function compareWholeString(row: Golden): void {
  const text = row.at('text').takeText();
  const isLegacy = row.at('legacy').take() as boolean;
  const added = new Map([
    ['<image>', row.at('imageId').takeNumber()],
    ['<pad>', row.at('padId').takeNumber()],
  ]);
  const parts = parsePrompt(text);
  const whole = parts.map((part) => (part.kind === 'picture' ? { ...part, kind: 'special' as const } : part));
  row.at('slow').equal(llamaTokenizer(isLegacy, added).encodeParts(whole));
  row.at('fast').equal(llamaTokenizer(true, added).encodeParts(whole));
  // Split by pictures, and never legacy.
  row.at('llavaSplit').equal(llamaTokenizer(false).encodePrompt(parts));
}
