import { SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import {
  beamSearch,
  Decoder,
  embedPrompt,
  type FinishReason,
  generateBatch,
  generateIds,
  type GenerateOptions,
  PICTURE_ID,
  readLlamaConfig,
  ropeFrequencies,
} from '../src/index.ts';
import { smallLlama, smallModel } from './model.ts';

const sessions = new SessionPool({ execution: 'inline', threads: 1 });
const decoder = new Decoder(smallModel(), sessions);
afterAll(() => sessions.close());

const near = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 4);
};

async function collect(ids: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const id of ids) all.push(id);
  return all;
}

describe('reading', () => {
  it('token by token gives what all at once gives', async () => {
    const ids = [1, 5, 9, 30, 2, 17];
    const whole = await decoder.read([await decoder.embed(ids)]);
    let output = await decoder.read([await decoder.embed(ids.slice(0, 2))]);
    for (const id of ids.slice(2)) output = await decoder.read([await decoder.embed([id])], output.cache);
    near(output.logits.data, whole.logits.data);
    expect(output.cache.lengths).toEqual([6]);
  });

  it('is loaded beforehand where that is wanted: then a call loads nothing', async () => {
    await using own = new SessionPool({ execution: 'inline', threads: 1 });
    const fresh = new Decoder(smallModel(), own);
    await expect(fresh.open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const phases: string[] = [];
    const onProgress = ({ phase }: { readonly phase: string }): unknown => phases.push(phase);
    await fresh.open({ onProgress });
    expect(phases.filter((phase) => phase === 'session')).toHaveLength(2);
    phases.length = 0;
    await fresh.read([await fresh.embed([1, 2], { onProgress })], undefined, { onProgress });
    expect(phases).toEqual([]);
  });

  it('a cache makes room for more, row by row', async () => {
    const long = new Decoder(smallLlama(40, 512), sessions);
    const rows = [Array.from({ length: 150 }, (_, i) => (7 * i) % 40), Array.from({ length: 61 }, (_, i) => (11 * i) % 40)];
    let output = await long.read(await Promise.all(rows.map((ids) => long.embed(ids.slice(0, 40)))));
    // Two pieces more for each row: 40 and 75 for one, 20 and 1 for the other.
    for (const [from, to] of [
      [
        [40, 40],
        [115, 60],
      ],
      [
        [115, 60],
        [150, 61],
      ],
    ] as const)
      output = await long.read(await Promise.all(rows.map((ids, row) => long.embed(ids.slice(from[row], to[row])))), output.cache);
    expect(output.cache.lengths).toEqual([150, 61]);
    for (const [row, ids] of rows.entries()) {
      const alone = await long.read([await long.embed(ids)]);
      near(output.logits.data.subarray(row * 40, (row + 1) * 40), alone.logits.data);
    }
  });

  it('rows of different lengths do not see each other, nor what fills them up', async () => {
    const rows = [
      [1, 2, 3, 4, 5, 6],
      [1, 9],
      [1, 30, 31],
    ];
    const [a, b, c] = await Promise.all(rows.map((ids) => decoder.embed(ids)));
    let together = await decoder.read([a!, b!, c!]);
    const next = await decoder.embed([7]);
    together = await decoder.read([next, next, next], together.cache);
    for (const [row, ids] of rows.entries()) {
      const alone = await decoder.read([await decoder.embed([...ids, 7])]);
      near(together.logits.data.subarray(row * 40, (row + 1) * 40), alone.logits.data);
    }
  });

  it('refuses what it cannot read, with both numbers', async () => {
    await expect(decoder.embed([40])).rejects.toThrow(/ids from 0 to 39 but received 40/u);
    await expect(decoder.read([await decoder.embed(Array.from({ length: 65 }, () => 1))])).rejects.toThrow(
      /at most 64 tokens but received 65/u,
    );
    await expect(embedPrompt(decoder, [1, PICTURE_ID], [])).rejects.toThrow(/Expected 1 pictures .* received 0/u);
    const wide = { dtype: 'float32', shape: [2, 48], data: new Float32Array(96) } as const;
    await expect(embedPrompt(decoder, [1, PICTURE_ID], [wide])).rejects.toThrow(/32 numbers but received 48/u);
  });

  it('puts pictures where their places are', async () => {
    const picture = { dtype: 'float32', shape: [2, 32], data: new Float32Array(64).fill(0.5) } as const;
    const prompt = await embedPrompt(decoder, [1, PICTURE_ID, 3], [picture]);
    expect(prompt.shape).toEqual([4, 32]);
    expect(prompt.data.subarray(32, 96)).toEqual(picture.data);
    expect(prompt.data.subarray(96)).toEqual((await decoder.embed([3])).data);
  });
});

describe('answers', () => {
  it('greedy is the first beam of one; a beam search finds nothing worse', async () => {
    const prompt = await decoder.embed([1, 5, 9]);
    const greedy = await collect(generateIds(decoder, prompt, { maxTokens: 6, eos: [] }));
    const [one] = await beamSearch(decoder, prompt, { beams: 1, maxTokens: 6, eos: [] });
    expect(one!.ids).toEqual(greedy);
    const four = await beamSearch(decoder, prompt, { beams: 4, maxTokens: 6, eos: [] });
    expect(four[0]!.score).toBeGreaterThanOrEqual(one!.score);
    expect(four.map(({ score }) => score)).toEqual(four.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  it('ends with the token that ends, in a batch row by row', async () => {
    const prompts = await Promise.all(
      [
        [1, 5, 9],
        [1, 8],
      ].map((ids) => decoder.embed(ids)),
    );
    const long = await generateBatch(decoder, prompts, { maxTokens: 8, eos: [] });
    const eos = [long[0]![3]!];
    const short = await generateBatch(decoder, prompts, { maxTokens: 8, eos });
    for (const [row, ids] of long.entries()) {
      const end = ids.indexOf(eos[0]!);
      expect(short[row]).toEqual(end === -1 ? ids : ids.slice(0, end + 1));
    }
    expect(await collect(generateIds(decoder, prompts[0]!, { maxTokens: 8, eos }))).toEqual(short[0]);
  });

  it('says why it ended: the model, the bound, or a context that is full', async () => {
    const prompt = await decoder.embed([1, 5, 9]);
    const ended = async (options: GenerateOptions): Promise<[number, readonly FinishReason[]]> => {
      const reasons: FinishReason[] = [];
      const ids = await collect(generateIds(decoder, prompt, { ...options, onFinish: (reason) => reasons.push(reason) }));
      return [ids.length, reasons];
    };
    const [first, second] = await collect(generateIds(decoder, prompt, { maxTokens: 2, eos: [] }));
    expect(second).not.toBe(first);
    expect(await ended({ maxTokens: 2, eos: [] })).toEqual([2, ['length']]);
    expect(await ended({ maxTokens: 2, eos: [second!] })).toEqual([2, ['stop']]);
    expect(await ended({ maxTokens: 500, eos: [] })).toEqual([62, ['length']]); // 3 and 61 fill 64; the last is not read again
    const left: FinishReason[] = [];
    for await (const _ of generateIds(decoder, prompt, { eos: [], onFinish: (reason) => left.push(reason) })) break;
    expect(left).toEqual([]);
  });

  it('equal seeds give equal answers, others do not', async () => {
    const prompt = await decoder.embed([1, 5, 9]);
    const answer = (seed: number): Promise<number[]> =>
      collect(generateIds(decoder, prompt, { maxTokens: 12, eos: [], temperature: 2, seed }));
    expect(await answer(1)).toEqual(await answer(1));
    expect(await answer(1)).not.toEqual(await answer(2));
  });

  it('stops between tokens', async () => {
    const stop = new AbortController();
    const ids = generateIds(decoder, await decoder.embed([1, 5]), { maxTokens: 9, eos: [], signal: stop.signal });
    await ids.next();
    stop.abort();
    await expect(ids.next()).rejects.toThrow(/Aborted/u);
  });
});

describe('configuration', () => {
  const sizes = { hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, vocab_size: 320 };

  it('reads those of LLaMA, of LLaVA and of transformers', () => {
    expect(readLlamaConfig({ model_type: 'llama', ...sizes })).toMatchObject({ groups: 4, size: 16, theta: 10_000, tied: false, eos: [2] });
    expect(
      readLlamaConfig({ model_type: 'llava', text_config: { model_type: 'llama', rope_parameters: { rope_theta: 5e5 } } }),
    ).toMatchObject({
      hidden: 4096,
      theta: 5e5,
    });
  });

  it('stretches frequencies as Llama 3.1 does', () => {
    const llama3 = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
    const config = readLlamaConfig({ model_type: 'llama', ...sizes, head_dim: 128, rope_theta: 5e5, rope_scaling: llama3 });
    const plain = ropeFrequencies({ size: 128, theta: 5e5 });
    const found = ropeFrequencies(config);
    expect(found[0]).toBe(1);
    expect(found[63]).toBeCloseTo(plain[63]! / 8, 12);
    expect(found.every((frequency, i) => frequency <= plain[i]! && frequency >= Math.fround(plain[i]! / 8))).toBe(true);
    expect(ropeFrequencies({ size: 4, theta: 1e4, scaling: { type: 'linear', factor: 4 } })[0]).toBe(0.25);
  });

  it('says what it cannot run', () => {
    expect(() => readLlamaConfig({ model_type: 'mpt', ...sizes })).toThrow(/model_type llama, llava_llama, llava but found "mpt"/u);
    expect(() => readLlamaConfig({ model_type: 'llama', ...sizes, rope_scaling: { type: 'yarn', factor: 2 } })).toThrow(
      /but found "yarn"/u,
    );
    expect(() => readLlamaConfig({ model_type: 'llama', ...sizes, hidden_size: 1e12 })).toThrow(/at most 16777216 as hidden_size/u);
    expect(() => readLlamaConfig({ model_type: 'llama', ...sizes, num_key_value_heads: 3 })).toThrow(
      /equal groups but found 4 of 16 in 3/u,
    );
  });
});
