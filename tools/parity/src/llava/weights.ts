import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vitaminSizes } from '@vitamin-vlm/backbone';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { type LlamaConfig, readLlamaConfig } from '@vitamin-vlm/llava-bridge';
import { formulaStream } from '../formula.ts';
import { imageShapes } from '../shapes.ts';

/** A tensor of a LLaVA golden file: the rule looks at the name, the generator at prefix and name. */
export function llavaTensor(name: string, shape: readonly number[], prefix: string): Tensor<'float32'> {
  const [scale, offset] = spread(name, shape);
  const next = formulaStream(prefix + name);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => offset + scale * next()),
  );
}

function spread(name: string, shape: readonly number[]): readonly [scale: number, offset: number] {
  if (name.includes('embedding') || name.endsWith('pos_embed')) return [0.2, 0];
  if (shape.length >= 2) return [Math.sqrt(12 / sizeOf(shape.slice(1))), 0];
  return name.endsWith('.bias') ? [0.1, 0] : [0.2, 1];
}

/** Made-up token ids: the beginning, then `count` ids of a name. */
export function llavaIds(name: string, count: number, vocabulary: number): number[] {
  const next = formulaStream(name);
  return [1, ...Array.from({ length: count }, () => 3 + Math.floor((next() + 0.5) * (vocabulary - 3)))];
}

/** Names and shapes of a language model, as its checkpoint has them. */
export function llamaShapes({
  hidden,
  intermediate,
  layers,
  heads,
  groups,
  size,
  vocabulary,
  tied,
}: LlamaConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabulary, hidden]]]);
  for (let i = 0; i < layers; i++) {
    const add = (name: string, ...shape: number[]): unknown => shapes.set(`model.layers.${i}.${name}.weight`, shape);
    add('self_attn.q_proj', heads * size, hidden);
    add('self_attn.k_proj', groups * size, hidden);
    add('self_attn.v_proj', groups * size, hidden);
    add('self_attn.o_proj', hidden, heads * size);
    add('mlp.gate_proj', intermediate, hidden);
    add('mlp.up_proj', intermediate, hidden);
    add('mlp.down_proj', hidden, intermediate);
    add('input_layernorm', hidden);
    add('post_attention_layernorm', hidden);
  }
  shapes.set('model.norm.weight', [hidden]);
  if (!tied) shapes.set('lm_head.weight', [vocabulary, hidden]);
  return shapes;
}

/** Writes a language model as Hugging Face has it. */
export async function writeLlama(folder: string, config: Readonly<Record<string, unknown>>, prefix: string): Promise<void> {
  const whole = await writeFolderConfig(folder, config);
  const shapes = llamaShapes(readLlamaConfig(whole));
  const tensors = [...shapes].map(([name, shape]) => [name, llavaTensor(name, shape, prefix)] as const);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

/** Makes a folder with the configuration of a language model, and gives it with all that a file may leave out. */
export async function writeFolderConfig(folder: string, config: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  await mkdir(folder, { recursive: true });
  const whole = { model_type: 'llama', hidden_act: 'silu', max_position_embeddings: 4096, eos_token_id: 2, ...config };
  await writeFile(join(folder, 'config.json'), JSON.stringify(whole));
  return whole;
}

/** Writes CLIP's smallest tower as transformers has it. The projection and the text tower are of no use to LLaVA. */
export async function writeClipTower(path: string, names: Readonly<Record<string, readonly number[]>>, prefix: string): Promise<void> {
  const tensors = Object.entries(names).flatMap(([name, shape]) => {
    const own = name.replace('vision_tower.', '');
    return own.startsWith('vision_model.') ? [[own, llavaTensor(own, shape, prefix)] as const] : [];
  });
  await writeTorchArchive(path, tensors);
}

/** Writes the smallest ViTamin as open_clip has it. */
export async function writeTower(path: string, prefix: string): Promise<void> {
  const shapes = [...imageShapes(vitaminSizes.nano, 64)].filter(([name]) => name.startsWith('visual.'));
  await writeTorchArchive(
    path,
    shapes.map(([name, shape]) => [name, llavaTensor(name, shape, prefix)] as const),
  );
}

/** Writes a projector as LLaVA has it. `type` as in LLaVA: `linear`, `mlp2x_gelu`. */
export async function writeProjector(
  path: string,
  type: string,
  [input, output]: readonly [number, number],
  prefix: string,
): Promise<void> {
  const depth = Number(/^mlp(\d+)x_gelu$/u.exec(type)?.[1] ?? 1);
  const scopes = type === 'linear' ? [''] : Array.from({ length: depth }, (_, i) => `${2 * i}.`);
  const tensors = scopes.flatMap((scope, i) => {
    const name = `model.mm_projector.${scope}`;
    return [
      [`${name}weight`, llavaTensor(`${name}weight`, [output, i === 0 ? input : output], prefix)] as const,
      [`${name}bias`, llavaTensor(`${name}bias`, [output], prefix)] as const,
    ];
  });
  await writeTorchArchive(path, tensors);
}
