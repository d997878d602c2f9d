import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { Graph, Parameters, toOnnx } from '@vitamin-vlm/graph';
import { loadTokenizer, writeSentencePieceModel } from '@vitamin-vlm/llava-bridge';
import { renderScene, stuffKinds } from '@vitamin-vlm/picture-world';
import { Session } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countWords, learnBytePairs } from '../src/talker/byte-pairs.ts';
import { cellTruth, facts, names, tokens } from '../src/talker/cell-truth.ts';
import { KeptScenes } from '../src/talker/kept-scenes.ts';
import { factLoss, namingLoss, namingStep } from '../src/talker/naming.ts';
import { llama } from '../src/talker/plan.ts';
import { trainingScene } from '../src/talker/scenes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talker-tokens-'));
});
afterAll(() => rm(folder, { recursive: true }));

const told = (truth: Uint8Array, cell: number): string[] => names.filter((_, i) => truth[cell * facts + i] === 1);

it('every thing shows in a token in its middle, by kind and color, and things and ground are told apart', () => {
  for (let seed = 0; seed < 20; seed++) {
    const scene = renderScene(seed, { width: 128 });
    const truth = cellTruth(scene);
    for (const { category, color, box, area, mask: _, crowd } of scene.things) {
      if (crowd || area < 200) continue;
      const cells = [...Array.from({ length: tokens }).keys()].filter((cell) => told(truth, cell).includes(category));
      expect(cells.length).toBeGreaterThan(0);
      const [left, top, width, height] = box;
      const inBox = cells.filter((cell) => {
        const [x, y] = [(cell % 8) * 16, Math.floor(cell / 8) * 16];
        return x + 16 > left && x < left + width && y + 16 > top && y < top + height;
      });
      expect(inBox.some((cell) => told(truth, cell).includes(color))).toBe(true);
    }
    // As many middles as things, unless two of a kind share a token.
    const middles = truth.filter((value, i) => value === 1 && i % facts >= facts - 65).length;
    expect(middles).toBeLessThanOrEqual(scene.things.length);
    expect(middles).toBeGreaterThanOrEqual(new Set(scene.things.map(({ category }) => category)).size);
    for (let cell = 0; cell < tokens; cell++) expect(told(truth, cell).length).toBeGreaterThan(0);
    expect(scene.stuff.every(({ name }) => stuffKinds.includes(name === 'dry grass' ? 'grass' : name))).toBe(true);
  }
});

it('tokens that are their names are named well, others badly; only the names are compared with embeddings', async () => {
  await writeFile(
    join(folder, 'tokenizer.model'),
    writeSentencePieceModel(learnBytePairs(countWords(names.flatMap((name) => [` ${name}`, ` ${name}`])), llama.vocabulary)),
  );
  const tokenizer = await loadTokenizer(join(folder, 'tokenizer.model'), { legacy: false });
  const graph = new Graph('naming');
  const parameters = new Parameters(graph);
  const pictures = graph.input('pictures', 'float32', [1, 2, llama.hidden]);
  const truth = graph.input('truth', 'float32', [1, 2, facts]);
  graph.output('names', namingLoss(parameters.root, tokenizer, pictures, truth));
  graph.output('facts', factLoss(parameters.root, pictures, truth));
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const table = tensor('float32', [llama.vocabulary, llama.hidden]);
  for (let i = 0; i < table.data.length; i++) table.data[i] = Math.sin(i * i);
  const [sheep, red] = ['sheep', 'red'].map((name) => {
    const ids = tokenizer.encode(name, { bos: false });
    expect(ids.length).toBe(1);
    return table.data.subarray(ids[0]! * llama.hidden, (ids[0]! + 1) * llama.hidden);
  });
  const loss = async (first: Float32Array, second: Float32Array): Promise<number> => {
    const feeds = { pictures: tensor('float32', [1, 2, llama.hidden]), truth: tensor('float32', [1, 2, facts]) };
    feeds.pictures.data.set(first);
    feeds.pictures.data.set(second, llama.hidden);
    feeds.truth.data[names.indexOf('sheep')] = 1;
    feeds.truth.data[facts + names.indexOf('red')] = 1;
    const bias = tensor('float32', [names.length], new Float32Array(names.length).fill(-4));
    const head = { 'naming.facts.weight': tensor('float32', [facts, llama.hidden]), 'naming.facts.bias': tensor('float32', [facts]) };
    const results = await session.run({ ...feeds, ...head, 'model.embed_tokens.weight': table, 'naming.names.bias': bias });
    // A head that knows nothing: every fact costs one bit.
    expect(results['facts']!.data[0]).toBeCloseTo(facts * Math.LN2, 3);
    return Number(results['names']!.data[0]);
  };
  const right = await loss(sheep!, red!);
  expect(right).toBeLessThan(3);
  expect(await loss(red!, sheep!)).toBeGreaterThan(right + 10);
});

it('the first round learns projector and embeddings alone', async () => {
  const tokenizer = await loadTokenizer(join(folder, 'tokenizer.model'), { legacy: false });
  await using backbone = await Backbone.load('nano', { threads: 1 });
  const { declared } = namingStep(backbone.model.weights, tokenizer);
  expect([...declared.keys()].toSorted()).toEqual([
    'model.embed_tokens.weight',
    'model.mm_projector.0.bias',
    'model.mm_projector.0.weight',
    'model.mm_projector.2.bias',
    'model.mm_projector.2.weight',
    'naming.facts.bias',
    'naming.facts.weight',
    'naming.names.bias',
  ]);
});

it('scenes that were read are found again, and what a death has cut off is read again', async () => {
  await using backbone = await Backbone.load('nano', { threads: 1 });
  const drawn: number[] = [];
  const open = (): Promise<KeptScenes> =>
    KeptScenes.open(folder, backbone, async (number) => {
      drawn.push(number);
      return await trainingScene(number);
    });
  const first = await open();
  const scene = await first.at(1);
  await first[Symbol.asyncDispose]();
  const [records, texts] = [join(folder, 'scenes.bin'), join(folder, 'scenes.jsonl')];
  const whole = await readFile(records);
  await truncate(records, whole.length - 1000);
  await appendFile(texts, '{"half":');
  await using again = await open();
  expect(again.count).toBe(1);
  expect(await again.at(1)).toEqual(scene);
  expect(drawn).toEqual([0, 1, 1]);
  expect(await readFile(records)).toEqual(whole);
  expect((await readFile(texts, 'utf8')).trim().split('\n').length).toBe(2);
});
