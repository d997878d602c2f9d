import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { encodePng } from '@vitamin-vlm/image';
import { readLog } from '@vitamin-vlm/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  Bridge,
  fitTalker,
  type FitTalkerOptions,
  openProjector,
  randomNumbers,
  readTrainingData,
  writeSentencePieceModel,
} from '../src/index.ts';
import { smallLlama } from './model.ts';
import { smallVocabulary } from './vocabulary.ts';

let folder: string;
let base: Omit<FitTalkerOptions, 'folder' | 'stage'>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fit-talker-'));
  const vocabulary = smallVocabulary('\u2581');
  const { weights, json } = smallLlama(vocabulary.pieces.length);
  await writeSafetensors(join(folder, 'model.safetensors'), new Map(weights) as Map<string, Tensor>);
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ ...json, vitamin: { imageSize: 96, grid: { positions: true, merge: 2 }, system: '' } }),
  );
  await writeFile(join(folder, 'tokenizer.model'), writeSentencePieceModel(vocabulary));
  const random = randomNumbers(5);
  for (const name of ['red', 'sky']) {
    const data = Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => (i % 3 === (name === 'red' ? 0 : 2) ? 255 : 40 * random()));
    await writeFile(join(folder, `${name}.png`), await encodePng({ width: 32, height: 32, data }));
  }
  const samples = ['red', 'sky', 'red'].map((color, id) => ({
    id,
    image: `${color}.png`,
    conversations: [
      { from: 'human', value: '<image>\na?' },
      { from: 'gpt', value: color },
    ],
  }));
  await writeFile(join(folder, 'data.json'), JSON.stringify(samples));
  base = { data: join(folder, 'data.json'), images: folder, tower: 'nano', llm: folder, batch: 2, atOnce: 2, epochs: 8, rate: 0.02 };
});
afterAll(() => rm(folder, { recursive: true }));

async function stepsOf(run: string): Promise<{ loss: number; gradientNorm: number }[]> {
  return (await readLog(join(run, 'log.jsonl'))).flatMap((entry) => ('loss' in entry ? [entry] : []));
}

it('first stage: the projector learns, and is one that LLaVA reads', { timeout: 120_000 }, async () => {
  const run = join(folder, 'stage-1');
  const { output, step, steps } = await fitTalker({ ...base, folder: run, stage: 1 });
  expect([output, step, steps]).toEqual([join(run, 'mm_projector.bin'), 12, 12]);
  const logged = await stepsOf(run);
  expect(logged.at(-1)!.loss).toBeLessThan(logged[0]!.loss);
  expect((await openProjector(output)).config).toEqual({ type: 'mlp2x_gelu', depth: 2, input: 768, output: 32 });
});

it('second stage: what is left answers, and gradients of halves add up to those of the whole', { timeout: 240_000 }, async () => {
  const [whole, halves] = [join(folder, 'whole'), join(folder, 'halves')];
  const short = { ...base, projector: join(folder, 'stage-1', 'mm_projector.bin'), stage: 2, epochs: 3 } as const;
  await fitTalker({ ...short, folder: halves, atOnce: 1 });
  const { output } = await fitTalker({ ...short, folder: whole });
  const [[a], [b]] = [await stepsOf(whole), await stepsOf(halves)];
  // Every answer has as many tokens, so the mean of the halves is the mean of the whole.
  expect(a!.loss).toBeCloseTo(b!.loss, 5);
  expect(a!.gradientNorm / b!.gradientNorm).toBeCloseTo(1, 4);
  await using bridge = await Bridge.load({ tower: 'nano', llm: output });
  expect((await bridge.tokens(join(folder, 'red.png'))).tokens).toBe(9);
  let answer = '';
  for await (const piece of bridge.ask(join(folder, 'red.png'), 'a?', { maxTokens: 4 })) answer += piece;
  expect(answer.length).toBeGreaterThan(0);
});

it('reads lines as well as a list, and names the sample that is none', async () => {
  const [first] = await readTrainingData(join(folder, 'data.json'));
  await writeFile(join(folder, 'data.jsonl'), `${JSON.stringify({ image: first!.image, conversations: first!.turns })}\n\n`);
  expect(await readTrainingData(join(folder, 'data.jsonl'))).toEqual([first]);
  for (const [text, message] of [
    ['[{"conversations": [{"from": "user", "value": "a"}]}]', /sample 1/u],
    ['[{"image": 3, "conversations": [{"from": "gpt", "value": "a"}]}]', /found 3/u],
    ['{}', /JSON list/u],
    ['[', /JSON/u],
    ['[]', /found none/u],
  ] as const) {
    await writeFile(join(folder, 'wrong.json'), text);
    await expect(readTrainingData(join(folder, 'wrong.json'))).rejects.toThrow(message);
  }
  await expect(readTrainingData(join(folder, 'none.json'))).rejects.toThrow(VitaminError);
});
