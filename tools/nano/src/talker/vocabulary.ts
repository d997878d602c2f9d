import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@vitamin-vlm/core';
import {
  LlamaTokenizer,
  loadTokenizer,
  pictureMessage,
  promptText,
  renderPrompt,
  templateOf,
  writeSentencePieceModel,
} from '@vitamin-vlm/llava-bridge';
import { renderScene } from '@vitamin-vlm/picture-world';
import { countWords, learnBytePairs } from './byte-pairs.ts';
import { captionQuestions, prompt, vocabulary } from './plan.ts';
import { drawTurns, textsOf } from './turns.ts';

/** Scenes whose texts make the vocabulary; they are drawn small, for nobody looks at them. */
const SCENES = 3000;
const SIDE = 64;

/** The tokenizer of a folder; made, and written there, at the first call. */
export async function talkerTokenizer(folder: string): Promise<LlamaTokenizer> {
  const path = join(folder, 'tokenizer.model');
  const exists = await readFile(path).then(
    () => true,
    () => false,
  );
  if (!exists) await writeFileAtomic(path, writeSentencePieceModel(learnBytePairs(countWords(await worldTexts()), vocabulary)));
  return await loadTokenizer(path, { legacy: false });
}

/** What is asked and told about many scenes, each word of it as often as it occurs. */
async function worldTexts(): Promise<string[]> {
  const template = { ...templateOf(prompt.template), system: prompt.system };
  const texts: string[] = [];
  for (let seed = 0; seed < SCENES; seed++) {
    const scene = renderScene(seed, { width: SIDE });
    const turns = [...drawTurns(textsOf(scene), () => 0.5), ...captionQuestions.map((question) => ({ question, answer: '' }))];
    for (const { question, answer } of turns) texts.push(promptText(renderPrompt(template, [pictureMessage(question), answer])));
    texts.push(...scene.captions);
    // The canvas frees its memory when the event loop turns.
    if (seed % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return texts;
}
