import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IGNORED, loadTokenizer, writeSentencePieceModel } from '@vitamin-vlm/llava-bridge';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countWords, learnBytePairs } from '../src/talker/byte-pairs.ts';
import { gridBasis } from '../src/talker/grid-basis.ts';
import { packTurns } from '../src/talker/rows.ts';
import { tokenizerFile } from '../src/talker/tokenizer-file.ts';

const texts = ['How many sheep are there?', 'a red car and a red bus on the road', 'Describe the picture.'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talker-'));
  const vocabulary = learnBytePairs(countWords([...texts, ...texts]), 400);
  await writeFile(join(folder, 'tokenizer.model'), writeSentencePieceModel(vocabulary));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerFile(vocabulary)));
});
afterAll(() => rm(folder, { recursive: true }));

it('the vocabulary makes frequent words one piece, and both of its files say the same', async () => {
  const [model, json] = [await loadTokenizer(join(folder, 'tokenizer.model')), await loadTokenizer(join(folder, 'tokenizer.json'))];
  for (const text of [...texts, 'a sheep, drawn by Ünal\n']) {
    const ids = model.encode(text);
    expect(json.encode(text)).toEqual(ids);
    expect(model.decode(ids)).toBe(text);
  }
  expect(model.encode('a red car', { bos: false }).length).toBe(3);
});

it('a row holds turns as far as they fit, each from the same position on, answers learned alike', async () => {
  const tokenizer = await loadTokenizer(join(folder, 'tokenizer.model'));
  const turns = [
    { question: 'How many sheep are there?', answer: 'a red car' },
    { question: 'Describe the picture.', answer: 'a bus' },
    { question: 'Describe the picture.', answer: 'the road '.repeat(40) },
  ];
  const { ids, positions, segments, labels, shares } = packTurns(tokenizer, turns, 64, 70);
  for (const [turn, { answer }] of turns.slice(0, 2).entries()) {
    const at = [...segments.keys()].filter((i) => segments[i] === BigInt(turn + 1));
    expect(at.map((i) => Number(positions[i]))).toEqual(at.map((_, i) => 70 + i));
    const learned = at.filter((i) => labels[i] !== BigInt(IGNORED));
    expect(tokenizer.decode(learned.map((i) => Number(labels[i])))).toBe(answer);
    expect(learned.map((i) => ids[i + 1])).toEqual(learned.map((i) => labels[i]));
    expect(learned.reduce((sum, i) => sum + shares[i]!, 0)).toBeCloseTo(1, 5);
  }
  expect(Math.max(...Array.from(segments, Number))).toBe(2);
});

it('the positions of a grid lie in few directions at right angles', () => {
  const basis = gridBasis(192);
  expect(basis.length).toBeLessThanOrEqual(32);
  for (const [i, a] of basis.entries()) {
    for (const [j, b] of basis.entries()) {
      const product = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      expect(product).toBeCloseTo(i === j ? 1 : 0, 3);
    }
  }
});
