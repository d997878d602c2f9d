import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import type { Tensor } from '@vitamin-vlm/core';
import { loadTokenizer, openLlama, writeLlamaGguf, writeSentencePieceModel } from '@vitamin-vlm/llava-bridge';
import { generator, randomWeight } from './support.ts';

/** Writes a talker on the tower of the small model, with random weights: what it says is nonsense, but always the same. */
export async function writeTinyTalker(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const bytes = Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    score: 0,
    kind: 'byte' as const,
  }));
  const words = [
    '\u2581',
    ...'a the cat dog red blue bus car is on in two big sky road grass'.split(' ').map((word) => `\u2581${word}`),
  ].map((word, i) => ({ text: word, score: -i, kind: 'normal' as const }));
  const pieces = [
    { text: '<unk>', score: 0, kind: 'unknown' as const },
    { text: '<s>', score: 0, kind: 'control' as const },
    { text: '</s>', score: 0, kind: 'control' as const },
    ...bytes,
    ...words,
  ];
  const vocabulary = { pieces, unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: true };
  await writeFile(join(folder, 'tokenizer.model'), writeSentencePieceModel(vocabulary));
  const [hidden, intermediate, size] = [32, 48, pieces.length];
  const random = generator(13);
  const layer = 'model.layers.0.';
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [size, hidden]],
    ...['q', 'k', 'v', 'o'].map((name): [string, number[]] => [`${layer}self_attn.${name}_proj.weight`, [hidden, hidden]]),
    [`${layer}mlp.gate_proj.weight`, [intermediate, hidden]],
    [`${layer}mlp.up_proj.weight`, [intermediate, hidden]],
    [`${layer}mlp.down_proj.weight`, [hidden, intermediate]],
    [`${layer}input_layernorm.weight`, [hidden]],
    [`${layer}post_attention_layernorm.weight`, [hidden]],
    ['model.norm.weight', [hidden]],
    ['lm_head.weight', [size, hidden]],
  ];
  const projector: [string, number[]][] = [
    ['model.mm_projector.0.weight', [hidden, 64 * 4]],
    ['model.mm_projector.0.bias', [hidden]],
    ['model.mm_projector.2.weight', [hidden, hidden]],
    ['model.mm_projector.2.bias', [hidden]],
  ];
  const tensors = (list: typeof shapes): Map<string, Tensor> =>
    new Map(list.map(([name, shape]) => [name, randomWeight(name, shape, random)]));
  const weights = tensors(shapes);
  // Words alone are said: no bytes, which may be control characters, and no end.
  (weights.get('lm_head.weight')!.data as Float32Array).fill(0, 0, (size - words.length + 1) * hidden);
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
  await writeSafetensors(join(folder, 'mm_projector.safetensors'), tensors(projector));
  const config = {
    model_type: 'llama',
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    vocab_size: size,
    max_position_embeddings: 256,
    mm_vision_select_layer: -1,
    vitamin: { imageSize: 64, finalNorm: true, grid: { positions: true, merge: 2 }, template: 'vicuna_v1', system: '' },
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** The language model of a talker's folder, as llama.cpp reads it. */
export async function writeTalkerGguf(folder: string, path: string): Promise<void> {
  await writeLlamaGguf(path, await openLlama(folder), await loadTokenizer(folder));
}
