import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  Bridge,
  Decoder,
  llamaMemory,
  openLlama,
  randomNumbers,
  readLlamaConfig,
  selfTest,
  writeSentencePieceModel,
} from '../src/index.ts';
import { smallLlama } from './model.ts';
import { smallVocabulary } from './vocabulary.ts';

const sessions = new SessionPool();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-'));
  const vocabulary = smallVocabulary('\u2581');
  const { weights, json } = smallLlama(vocabulary.pieces.length);
  const random = randomNumbers(9);
  const projector = (...shape: number[]): Tensor =>
    tensor(
      'float32',
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.2 * (random() - 0.5)),
    );
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    new Map<string, Tensor>([
      ...(weights as Map<string, Tensor>),
      ['model.mm_projector.weight', projector(32, 192)],
      ['model.mm_projector.bias', projector(32)],
    ]),
  );
  await writeFile(join(folder, 'config.json'), JSON.stringify(json));
  await writeFile(join(folder, 'tokenizer.model'), writeSentencePieceModel(vocabulary));
});
afterAll(async () => {
  await sessions.close();
  await rm(folder, { recursive: true });
});

it("works out LLaMA 7B's memory: 27 GB of float32, 1 MB of cache a token", () => {
  const sizes = { hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32, num_attention_heads: 32, vocab_size: 32_000 };
  const config = readLlamaConfig({ model_type: 'llama', ...sizes });
  const memory = llamaMemory(config, { parameters: 6_738_415_616, context: 1000 });
  expect(memory.weights).toBe(26_953_662_464);
  expect(memory.cache).toBe(1000 * 1_048_576);
  expect(llamaMemory(config, { parameters: 6_738_415_616, matrices: 6_476_005_376, context: 1000 }).weights).toBeLessThan(8e9);
});

it('refuses a model that does not fit, with the numbers and the way out, before it is opened', async () => {
  const told: number[] = [];
  const loading = Bridge.load({ tower: 'nano', llm: folder, memory: 1000, onMemory: ({ total }) => told.push(total) });
  await expect(loading).rejects.toMatchObject({
    code: 'RUNTIME',
    message: expect.stringMatching(/^Expected 0\.0 GB of memory for 0\.0 billion parameters \(weights .* keys and values of 64 tokens/u),
    hint: expect.stringMatching(/vLLM.*llama\.cpp/u),
  });
  expect(told.length).toBe(1);
});

it('decodes in 8 bits nearly as in float32', async () => {
  const [exact, rounded] = [await scores('float32'), await scores('int8')];
  const [spread, off] = [Math.max(...exact) - Math.min(...exact), Math.max(...exact.map((value, i) => Math.abs(value - rounded[i]!)))];
  expect(off).toBeGreaterThan(0);
  expect(off / spread).toBeLessThan(0.03);
});

it('compares the readings of a tower by what they make of a caption', async () => {
  const data = Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => (i * 37) % 256);
  const image = { width: 32, height: 32, data };
  const readings = await selfTest({ tower: 'nano', llm: folder, image, caption: 'ab', layers: [-1, -2] });
  expect(readings.map(({ layer, finalNorm }) => `${layer} ${finalNorm}`).toSorted()).toEqual([
    '-1 false',
    '-1 true',
    '-2 false',
    '-2 true',
  ]);
  const values = readings.map(({ logProbability }) => logProbability);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  expect(new Set(values).size).toBe(4);
  expect(Math.max(...values)).toBeLessThan(0);
});

async function scores(precision: 'float32' | 'int8'): Promise<Float32Array> {
  const decoder = new Decoder(await openLlama(folder, { precision, cacheDir: false }), sessions);
  return (await decoder.read([await decoder.embed([1, 70, 80, 90])])).logits.data;
}
