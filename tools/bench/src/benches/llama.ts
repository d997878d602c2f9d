import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LazyTensor, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { writeFileAtomic } from '@vitamin-vlm/core';
import {
  countParameters,
  Decoder,
  declaredLlama,
  generateIds,
  LlamaTokenizer,
  openLlama,
  type Piece,
  type PieceVocabulary,
  readLlamaConfig,
  writeLlamaGguf,
} from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { noise } from '../noise.ts';
import { wallTime } from '../paired.ts';

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

/** Tokens a second of reading a prompt and of saying an answer behind it. */
interface Rates {
  readonly prefill: number;
  readonly decoding: number;
}

/** Our decoder at TinyLlama's shape, random weights: a prompt of 600 tokens, then 64 words. In 8 bits beside float32, and float32 beside llama.cpp. */
export async function llamaBench({ folder, threads }: Setting): Promise<Figure[]> {
  const config = readLlamaConfig(SHAPE);
  await writeFileAtomic(join(folder, 'config.json'), JSON.stringify(SHAPE));
  let seed = 0;
  const tensors = [...declaredLlama(config)].map(([name, shape]): [string, LazyTensor<'float32'>] => {
    const own = { scale: 0.05, offset: shape.length === 1 ? 1 : 0, seed: ++seed };
    return [name, { dtype: 'float32', shape, data: () => noise(shape, own).data }];
  });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  const exact = await ratesOf('float32', folder, threads);
  const rounded = await ratesOf('int8', folder, threads);
  const peer = await llamaCppRates(folder, threads);
  const billions = (countParameters(config) / 1e9).toFixed(1);
  const rows = (kind: string, ours: Rates, peerName: string, theirs: Rates): Figure[] => [
    figure(`${billions} billion parameters in ${kind} read ${PROMPT} tokens`, ours.prefill, peerName, theirs.prefill),
    figure(`${billions} billion parameters in ${kind} say ${ANSWER} tokens behind them`, ours.decoding, peerName, theirs.decoding),
  ];
  return [...rows('8 bits', rounded, 'the same in float32', exact), ...(peer ? rows('float32', exact, 'llama.cpp, float32', peer) : [])];
}

function figure(what: string, ours: number, peerName: string, peer: number): Figure {
  return { bench: 'ask', what, unit: 'tokens/s', ours, peerName, peer, ratio: ours / peer };
}

/** Wall time: llama.cpp tells no other. */
async function ratesOf(precision: 'float32' | 'int8', folder: string, threads: number): Promise<Rates> {
  await using sessions = new SessionPool({ threads, maxBytes: Number.MAX_SAFE_INTEGER });
  const decoder = new Decoder(await openLlama(folder, { precision, cacheDir: join(folder, 'cache') }), sessions);
  await decoder.read([noise([8, SHAPE.hidden_size], { scale: 0.1 })]);
  const prompt = noise([PROMPT, SHAPE.hidden_size], { scale: 0.1 });
  const start = wallTime();
  let first = start;
  let count = 0;
  for await (const id of generateIds(decoder, prompt, { maxTokens: ANSWER + 1, eos: [] })) {
    if (count++ === 0) first = wallTime();
    if (id < 0) throw new Error(`Expected an id but received ${id}`);
  }
  return { prefill: (1000 * PROMPT) / (first - start), decoding: (1000 * ANSWER) / (wallTime() - first) };
}

/** llama.cpp on the same weights, where `VITAMIN_LLAMA_NODE` names the folder of `@fugood/llama.node`. */
async function llamaCppRates(folder: string, threads: number): Promise<Rates | undefined> {
  const engine = process.env['VITAMIN_LLAMA_NODE'];
  if (engine === undefined) {
    process.stderr.write('ask: no rows of llama.cpp, because VITAMIN_LLAMA_NODE names no folder of @fugood/llama.node\n');
    return undefined;
  }
  const path = join(folder, 'model.gguf');
  await writeLlamaGguf(path, await openLlama(folder), new LlamaTokenizer(bytesAlone()));
  const worker = fileURLToPath(new URL('../llama-worker.js', import.meta.url));
  const args = [engine, path, `${threads}`, `${PROMPT}`, `${ANSWER}`];
  const child = fork(worker, args, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return await new Promise((resolve, reject) => {
    child.once('message', (rates: Rates) => resolve(rates));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`llama.cpp ended with code ${code}`)));
  });
}

/** The smallest vocabulary that llama.cpp takes; its other ids have no text. */
function bytesAlone(): PieceVocabulary {
  const control = ['<s>', '</s>'].map((text): Piece => ({ text, score: 0, kind: 'control' }));
  const bytes = Array.from({ length: 256 }, (_, byte): Piece => {
    const text = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    return { text, score: 0, kind: 'byte' };
  });
  const pieces: Piece[] = [{ text: '<unk>', score: 0, kind: 'unknown' }, ...control, ...bytes];
  return { pieces, unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: true };
}
