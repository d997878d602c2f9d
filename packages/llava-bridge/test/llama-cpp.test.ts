import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { decodeImage } from '@vitamin-vlm/image';
// What is built, for it starts a process of its own.
import {
  type Carried,
  Decoder,
  embedPrompt,
  type FinishReason,
  generateIds,
  identityProjector,
  LlamaCpp,
  type LlamaCppAsk,
  LlamaTokenizer,
  type OpenedProjector,
  pictureMessage,
  projector as projectorGraph,
  randomNumbers,
  renderPrompt,
  TokenCodec,
  writeGguf,
  writeLlamaGguf,
} from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { smallLlama } from './model.ts';
import { FIRST, smallVocabulary } from './vocabulary.ts';

vi.setConfig({ testTimeout: 300_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llama-cpp-'));
});
afterAll(() => rm(folder, { recursive: true }));

const [INPUT, GRID] = [48, { height: 4, width: 4 }];

function random(shape: readonly number[], scale: number, seed: number): Tensor<'float32'> {
  const next = randomNumbers(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: size }, () => scale * (next() - 0.5)),
  );
}

const promptOf = (question: string) => renderPrompt('vicuna_v1', [pictureMessage(question, 1), null]);

function projector(output: number): OpenedProjector {
  const weights = new Map([
    ['0.weight', random([output, INPUT], 0.5, 1)],
    ['0.bias', random([output], 0.2, 2)],
    ['2.weight', random([output, output], 0.5, 3)],
    ['2.bias', random([output], 0.2, 4)],
  ]);
  return { address: 'random', config: { type: 'mlp2x_gelu', depth: 2, input: INPUT, output }, weights, identity: 'random' };
}

/** Numbers of a picture, read as the patch convolution reads them. */
async function decoded(codec: TokenCodec, png: Uint8Array): Promise<number[][]> {
  const { data, width } = await decodeImage(png);
  const { patch, side } = codec;
  expect(width).toBe(side);
  return Array.from({ length: (side / patch) ** 2 }, (_, token) => {
    const [top, left] = [Math.floor(token / (side / patch)) * patch, (token % (side / patch)) * patch];
    const bytes = [0, 1, 2].flatMap((c) =>
      Array.from({ length: patch * patch }, (__, i) => data[((top + Math.floor(i / patch)) * side + left + (i % patch)) * 3 + c]!),
    );
    return Array.from({ length: codec.width }, (__, i) => ((bytes[2 * i]! * 256 + bytes[2 * i + 1]! - 32_768) * codec.range) / 32_768);
  });
}

describe('the codec', () => {
  it('carries 16 bits of every number in a lossless picture', async () => {
    const codec = new TokenCodec(identityProjector(1024), { grid: { height: 2, width: 2 }, range: 64 });
    expect([codec.patch, codec.side]).toEqual([27, 54]);
    const values = random([4, 1024], 128, 5);
    values.data.set([64, -64, 0, 1 / 512]);
    const found = (await decoded(codec, await codec.picture(values))).flat();
    const step = 64 / 32_768;
    expect(Math.max(...found.map((value, i) => Math.abs(value - values.data[i]!)))).toBeLessThanOrEqual(step);
    expect(Math.max(...found.slice(1).map((value, i) => Math.abs(value - values.data[i + 1]!)))).toBeLessThanOrEqual(step / 2);
    expect(found.slice(1, 4)).toEqual([-64, 0, step]);
  });

  it('takes the smallest patch that holds a token', () => {
    const codecs = [48, 64, 1024, 1152, 4096].map((width) => new TokenCodec(identityProjector(width), { grid: GRID }));
    expect(codecs.map(({ patch }) => patch)).toEqual([6, 7, 27, 28, 53]);
  });

  it('refuses what it cannot carry', async () => {
    const codec = new TokenCodec(identityProjector(2), { grid: { height: 1, width: 1 } });
    await expect(codec.picture(tensor('float32', [1, 2], Float32Array.of(1, 17)))).rejects.toThrow(
      /-16 to 16 but found 17 at token 0, number 1/u,
    );
    await expect(codec.picture(tensor('float32', [1, 2], Float32Array.of(Number.NaN, 0)))).rejects.toThrow(/found NaN/u);
    await expect(codec.picture(tensor('float32', [2, 2]))).rejects.toThrow(/\[1, 2\] but received \[2, 2\]/u);
    expect(() => new TokenCodec(identityProjector(2), { grid: { height: 1, width: 2 } })).toThrow(/square grid of tokens but found 1x2/u);
    expect(() => new TokenCodec(identityProjector(2), { grid: GRID, range: 48 })).toThrow(/power of two/u);
    expect(() => new TokenCodec(identityProjector(2), { grid: GRID, carry: 'features' })).toThrow(
      /mlp2x_gelu in the file but found identity/u,
    );
  });
});

it('GGUF: header, extents from the inside out, data at multiples of 32 bytes', async () => {
  const path = join(folder, 'a.gguf');
  const values = tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  await writeGguf(path, { a: 'x', n: { uint32: 7 } }, [
    { name: 'one', shape: [2, 3], dtype: 'float32', data: () => values },
    { name: 'two', shape: [1], dtype: 'float32', data: () => tensor('float32', [1], Float32Array.of(9)) },
  ]);
  const bytes = await readFile(path);
  expect([bytes.toString('latin1', 0, 4), bytes.readUInt32LE(4), bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(16)]).toEqual([
    'GGUF',
    3,
    2n,
    2n,
  ]);
  const info = bytes.indexOf('one') + 3;
  expect([bytes.readUInt32LE(info), bytes.readBigUInt64LE(info + 4), bytes.readBigUInt64LE(info + 12)]).toEqual([2, 3n, 2n]);
  const start = bytes.length - 64;
  expect([bytes.length % 32, bytes.readFloatLE(start + 20), bytes.readFloatLE(start + 32)]).toEqual([0, 6, 9]);
  const wrong = writeGguf(path, {}, [{ name: 'one', shape: [4], dtype: 'float32', data: () => values }]);
  await expect(wrong).rejects.toThrow(/16 bytes of float32 for one but received 24/u);
  await expect(writeGguf(path, {}, [{ name: 'x'.repeat(64), shape: [1], dtype: 'float32', data: () => values }])).rejects.toThrow(
    /at most 63 bytes/u,
  );
});

const engine = process.env['VITAMIN_LLAMA_NODE'];
const whyNot = engine === undefined ? ' (skipped: VITAMIN_LLAMA_NODE names no folder of @fugood/llama.node)' : '';

it.skipIf(engine !== undefined)('without the package the error says what to install', async () => {
  const codec = new TokenCodec(identityProjector(32), { grid: GRID });
  await expect(LlamaCpp.load({ model: 'x.gguf', codec })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    hint: expect.stringContaining('npm install @fugood/llama.node'),
  });
});

describe.skipIf(whyNot !== '')(`llama.cpp${whyNot}`, () => {
  const pieces = ['\u2581', ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))];
  const vocabulary = smallVocabulary(...pieces);
  const model = smallLlama(FIRST + pieces.length, 512);
  // Words alone are said: bytes need not be characters.
  (model.weights.get('lm_head.weight') as Tensor<'float32'>).data.fill(0, 0, FIRST * model.config.hidden);
  const tokenizer = new LlamaTokenizer(vocabulary, { legacy: false });
  const sessions = new SessionPool();
  const decoder = new Decoder(model, sessions);
  const { hidden } = model.config;
  const features = [random([16, INPUT], 20, 11), random([16, INPUT], 20, 12)];
  let tokens: Tensor<'float32'>[] = [];
  beforeAll(async () => {
    await writeLlamaGguf(join(folder, 'llama.gguf'), model, tokenizer);
    const graph = new Graph('projector');
    const { root } = new Parameters(graph, { weights: projector(hidden).weights });
    graph.output('tokens', projectorGraph(root, graph.input('x', 'float32', [16, INPUT]), projector(hidden).config));
    using lease = await sessions.lease({ kind: 'projector' }, () => graph);
    tokens = [];
    for (const x of features) tokens.push((await lease.session.run({ x }))['tokens'] as Tensor<'float32'>);
  });
  afterAll(() => sessions.close());

  /** What our own decoder says. */
  async function expected(question: string, pictures: readonly number[]): Promise<string> {
    const ids = tokenizer.encodePrompt(renderPrompt('vicuna_v1', [pictureMessage(question, pictures.length), null]));
    const prompt = await embedPrompt(
      decoder,
      ids,
      pictures.map((i) => tokens[i]!),
    );
    const said: number[] = [];
    for await (const id of generateIds(decoder, prompt, { maxTokens: 12 })) said.push(id);
    return tokenizer.decode(said, { skipSpecial: true });
  }

  it.each(['features', 'tokens'] as const)(
    'pictures that carry %s: the words of our decoder, one picture and two',
    async (carry: Carried) => {
      const codec = new TokenCodec(projector(hidden), { grid: GRID, carry });
      await using llama = await LlamaCpp.load({ model: join(folder, 'llama.gguf'), codec, threads: 1, cache: 'f32', engine });
      const pngs = await Promise.all((carry === 'features' ? features : tokens).map((values) => codec.picture(values)));
      for (const pictures of [[0], [1], [0, 1], [1, 0], []]) {
        const prompt = renderPrompt('vicuna_v1', [pictureMessage('Is it red?', pictures.length), null]);
        let text = '';
        const chosen = pictures.map((i) => pngs[i]!);
        for await (const piece of llama.generate(prompt, chosen, { maxTokens: 12 })) text += piece;
        expect(text).toBe(await expected('Is it red?', pictures));
      }
    },
  );

  it('says why an answer ended', async () => {
    const codec = new TokenCodec(projector(hidden), { grid: GRID });
    await using llama = await LlamaCpp.load({ model: join(folder, 'llama.gguf'), codec, threads: 1, cache: 'f32', engine });
    const png = await codec.picture(features[0]!);
    const ended = async (options: LlamaCppAsk): Promise<[string, readonly FinishReason[]]> => {
      const reasons: FinishReason[] = [];
      let text = '';
      const answer = llama.generate(promptOf('What?'), [png], { ...options, onFinish: (reason) => reasons.push(reason) });
      for await (const piece of answer) text += piece;
      return [text, reasons];
    };
    const [whole, reasons] = await ended({ maxTokens: 12 });
    expect(reasons).toEqual(['length']);
    expect(await ended({ maxTokens: 12, stop: [whole.at(-3)!] })).toEqual([whole.slice(0, whole.indexOf(whole.at(-3)!)), ['stop']]);
  });

  it('text stays text, pictures are counted, an abort ends the answer, and the next one is right', async () => {
    const codec = new TokenCodec(projector(hidden), { grid: GRID });
    await using llama = await LlamaCpp.load({ model: join(folder, 'llama.gguf'), codec, threads: 1, cache: 'f32', engine });
    const png = await codec.picture(features[0]!);
    await expect(llama.generate(promptOf('a <__media__>'), [png]).next()).rejects.toThrow(/found <__media__>/u);
    await expect(llama.generate(promptOf('a </s>'), [png]).next()).rejects.toThrow(/found <\/s>/u);
    await expect(llama.generate(promptOf('a'), []).next()).rejects.toThrow(/1 pictures for the places .* received 0/u);
    const stop = new AbortController();
    const answer = llama.generate(promptOf('What?'), [png], { maxTokens: 400, signal: stop.signal });
    await answer.next();
    stop.abort();
    await expect(answer.next()).rejects.toMatchObject({ code: 'ABORTED' });
    let text = '';
    for await (const piece of llama.generate(promptOf('What?'), [png], { maxTokens: 12 })) text += piece;
    expect(text).toBe(await expected('What?', [0]));
    await expect(LlamaCpp.load({ model: join(folder, 'none.gguf'), codec, engine })).rejects.toMatchObject({
      code: 'WEIGHTS_MISSING',
    });
    const cut = (await readFile(join(folder, 'llama.gguf'))).subarray(0, -40);
    await writeFile(join(folder, 'cut.gguf'), cut);
    await expect(LlamaCpp.load({ model: join(folder, 'cut.gguf'), codec, engine })).rejects.toMatchObject({
      code: 'WEIGHTS_CORRUPT',
    });
    const wide = new TokenCodec(identityProjector(64), { grid: GRID });
    await expect(LlamaCpp.load({ model: join(folder, 'llama.gguf'), codec: wide, engine })).rejects.toThrow(/32 numbers of .* gives 64/u);
  });
});
