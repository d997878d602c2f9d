import { join } from 'node:path';
import { type LazyTensor, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { writeFileAtomic } from '@vitamin-vlm/core';
import { countParameters, Decoder, declaredLlama, generateIds, openLlama, readLlamaConfig } from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { noise } from '../noise.ts';

/** TinyLlama 1.1B. */
const SHAPE = {
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  vocab_size: 32_000,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 2048,
};
const PROMPT = 600;
const ANSWER = 64;

/** Milliseconds of reading a prompt and of saying an answer. */
interface Times {
  readonly prefill: number;
  readonly decoding: number;
}

/** Our decoder at TinyLlama's shape, random weights: a prompt of 600 tokens, then 64 words; in 8 bits beside float32. */
export async function llamaBench({ folder, threads, clock }: Setting): Promise<Figure[]> {
  const config = readLlamaConfig(SHAPE);
  await writeFileAtomic(join(folder, 'config.json'), JSON.stringify(SHAPE));
  let seed = 0;
  const tensors = [...declaredLlama(config)].map(([name, shape]): [string, LazyTensor<'float32'>] => {
    const own = { scale: 0.05, offset: shape.length === 1 ? 1 : 0, seed: ++seed };
    return [name, { dtype: 'float32', shape, data: () => noise(shape, own).data }];
  });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  const exact = await timesOf('float32', folder, threads, clock);
  const rounded = await timesOf('int8', folder, threads, clock);
  const figure = { bench: 'llama', unit: 'tokens/s', peerName: 'the same in float32' };
  const billions = (countParameters(config) / 1e9).toFixed(1);
  return [
    { ...figure, what: `${billions} billion parameters in 8 bits read ${PROMPT} tokens`, ...rates(PROMPT, rounded.prefill, exact.prefill) },
    {
      ...figure,
      what: `${billions} billion parameters in 8 bits say ${ANSWER} tokens behind them`,
      ...rates(ANSWER, rounded.decoding, exact.decoding),
    },
  ];
}

function rates(tokens: number, ours: number, peer: number): Pick<Figure, 'ours' | 'peer' | 'ratio'> {
  return { ours: (1000 * tokens) / ours, peer: (1000 * tokens) / peer, ratio: peer / ours };
}

async function timesOf(precision: 'float32' | 'int8', folder: string, threads: number, clock: () => number): Promise<Times> {
  await using sessions = new SessionPool({ threads, maxBytes: Number.MAX_SAFE_INTEGER });
  const decoder = new Decoder(await openLlama(folder, { precision, cacheDir: join(folder, 'cache') }), sessions);
  await decoder.read([noise([8, SHAPE.hidden_size], { scale: 0.1 })]);
  const prompt = noise([PROMPT, SHAPE.hidden_size], { scale: 0.1 });
  const start = clock();
  let first = start;
  let count = 0;
  for await (const id of generateIds(decoder, prompt, { maxTokens: ANSWER + 1, eos: [] })) {
    if (count++ === 0) first = clock();
    if (id < 0) throw new Error(`Expected an id but received ${id}`);
  }
  return { prefill: first - start, decoding: clock() - first };
}
