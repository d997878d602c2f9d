import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { floatToHalf, type Tensor, tensor, writeFileAtomic } from '@vitamin-vlm/core';
import { loadTokenizer } from '@vitamin-vlm/llava-bridge';
import { grid, llama, prompt, read } from './plan.ts';
import { tokenizerFile } from './tokenizer-file.ts';

const PROJECTOR = /^model\.mm_projector\./u;
/** The rest of a training is not the talker's. */
const TALKER = /^(?:model|lm_head)\./u;

/** Writes a language model with its projector and tokenizer as Hugging Face and LLaVA lay them out, weights in half precision. */
export async function exportTalker(folder: string, parameters: ReadonlyMap<string, Tensor>, tokenizer: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const half = [...parameters]
    .filter(([name]) => TALKER.test(name))
    .map(([name, value]) => [name, toHalf(value as Tensor<'float32'>)] as const);
  const metadata = { format: 'pt' };
  await writeSafetensors(join(folder, 'model.safetensors'), new Map(half.filter(([name]) => !PROJECTOR.test(name))), metadata);
  await writeSafetensors(join(folder, 'mm_projector.safetensors'), new Map(half.filter(([name]) => PROJECTOR.test(name))), metadata);
  await copyFile(tokenizer, join(folder, 'tokenizer.model'));
  await writeJson(join(folder, 'tokenizer.json'), tokenizerFile((await loadTokenizer(tokenizer)).vocabulary));
  await writeJson(join(folder, 'config.json'), config());
  await writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'LlamaTokenizer',
    legacy: false,
    add_bos_token: true,
    add_eos_token: false,
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    model_max_length: llama.positions,
  });
  await writeJson(join(folder, 'generation_config.json'), { bos_token_id: 1, eos_token_id: 2, do_sample: false });
}

/** `config.json`: transformers' keys, LLaVA's, and under `vitamin` what neither has. */
function config(): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: llama.hidden,
    intermediate_size: llama.intermediate,
    num_hidden_layers: llama.layers,
    num_attention_heads: llama.heads,
    num_key_value_heads: llama.groups,
    head_dim: llama.size,
    vocab_size: llama.vocabulary,
    max_position_embeddings: llama.positions,
    rms_norm_eps: llama.eps,
    rope_theta: llama.theta,
    hidden_act: 'silu',
    tie_word_embeddings: llama.tied,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'float16',
    mm_projector_type: 'mlp2x_gelu',
    mm_hidden_size: 768,
    mm_vision_select_layer: read.layer,
    image_aspect_ratio: 'pad',
    vitamin: { imageSize: read.imageSize, finalNorm: read.finalNorm, grid, ...prompt },
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

function toHalf({ shape, data }: Tensor<'float32'>): Tensor<'float16'> {
  return tensor('float16', shape, Uint16Array.from(data, floatToHalf));
}
