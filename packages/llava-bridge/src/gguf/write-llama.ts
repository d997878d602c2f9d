import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { DecoderModel } from '../decoder/decoder.ts';
import { ropeFrequencies } from '../models/rope.ts';
import type { LlamaTokenizer } from '../tokenizer/llama-tokenizer.ts';
import type { Piece } from '../tokenizer/vocabulary.ts';
import { readWeight } from './read-weight.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './write-gguf.ts';

/** llama.cpp's numbers for kinds of pieces. */
const KINDS: Readonly<Record<Piece['kind'], number>> = { normal: 1, unknown: 2, control: 3, 'user-defined': 4, unused: 5, byte: 6 };

/** Hugging Face's names of a layer, and llama.cpp's. */
const LAYER: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};

/**
 * Writes a language model with its tokenizer for llama.cpp (GGUF, float32).
 *
 * @throws VitaminError as `writeGguf`; `UNSUPPORTED` for Llama 3's tokenizer.
 * @example
 * ```ts
 * import { loadTokenizer, openLlama, writeLlamaGguf } from '@vitamin-vlm/llava-bridge';
 * const model = await openLlama('tiny-llama');
 * await writeLlamaGguf('tiny-llama.gguf', model, await loadTokenizer('tiny-llama'));
 * ```
 */
export async function writeLlamaGguf(path: string, model: DecoderModel, tokenizer: LlamaTokenizer): Promise<void> {
  const { config, weights } = model;
  const { hidden, intermediate, layers, heads, groups, size, vocabulary, eps, theta, scaling, positions, tied } = config;
  const { pieces, unk, bos, eos, dummyPrefix, byteLevel } = tokenizer.vocabulary;
  if (byteLevel) {
    throw new VitaminError('UNSUPPORTED', 'Expected a SentencePiece vocabulary for GGUF but received one over bytes (Llama 3)', {
      hint: "Use llama.cpp's convert_hf_to_gguf.py.",
    });
  }
  const known = Array.from({ length: vocabulary }, (_, id): Piece => pieces[id] ?? { text: `<unused_${id}>`, score: 0, kind: 'unused' });
  const header: Record<string, GgufValue> = {
    'general.architecture': 'llama',
    'general.file_type': { uint32: 0 },
    'llama.context_length': { uint32: positions },
    'llama.embedding_length': { uint32: hidden },
    'llama.block_count': { uint32: layers },
    'llama.feed_forward_length': { uint32: intermediate },
    'llama.attention.head_count': { uint32: heads },
    'llama.attention.head_count_kv': { uint32: groups },
    'llama.attention.layer_norm_rms_epsilon': { float32: eps },
    'llama.rope.freq_base': { float32: theta },
    'llama.rope.dimension_count': { uint32: size },
    'llama.vocab_size': { uint32: vocabulary },
    ...(scaling?.type === 'linear'
      ? { 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': { float32: scaling.factor } }
      : {}),
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': { strings: known.map(({ text }) => text) },
    'tokenizer.ggml.scores': { float32s: known.map(({ score }) => score) },
    'tokenizer.ggml.token_type': { int32s: known.map(({ kind }) => KINDS[kind]) },
    'tokenizer.ggml.bos_token_id': { uint32: bos },
    'tokenizer.ggml.eos_token_id': { uint32: eos },
    'tokenizer.ggml.unknown_token_id': { uint32: unk },
    'tokenizer.ggml.add_bos_token': true,
    'tokenizer.ggml.add_space_prefix': dummyPrefix,
  };
  const one = (name: string, from: string, change?: (weight: Tensor<'float32'>) => Tensor<'float32'>): GgufTensor => {
    const weight = weights.get(from)!;
    const data = async (): Promise<Tensor> => {
      const values = await readWeight(weight);
      return change ? change(values) : values;
    };
    return { name, shape: weight.shape, dtype: 'float32', data };
  };
  const tensors = [one('token_embd.weight', 'model.embed_tokens.weight'), one('output_norm.weight', 'model.norm.weight')];
  if (!tied) tensors.push(one('output.weight', 'lm_head.weight'));
  if (scaling?.type === 'llama3') {
    const plain = ropeFrequencies({ size, theta });
    const stretched = ropeFrequencies(config);
    const factors = tensor(
      'float32',
      [size / 2],
      plain.map((frequency, i) => frequency / stretched[i]!),
    );
    tensors.push({ name: 'rope_freqs.weight', shape: factors.shape, dtype: 'float32', data: () => factors });
  }
  for (let layer = 0; layer < layers; layer++) {
    for (const [from, to] of Object.entries(LAYER)) {
      const rotated = from.includes('q_proj') ? heads : from.includes('k_proj') ? groups : undefined;
      const change = rotated === undefined ? undefined : (weight: Tensor<'float32'>) => inPairs(weight, rotated);
      tensors.push(one(`blk.${layer}.${to}`, `model.layers.${layer}.${from}`, change));
    }
  }
  await writeGguf(path, header, tensors);
}

/** Rows of a head in the order of llama.cpp, which rotates neighbors, where Hugging Face rotates row i with row i + size / 2. [heads * size, width] */
function inPairs({ shape, data }: Tensor<'float32'>, heads: number): Tensor<'float32'> {
  const [rows = 0, width = 0] = shape;
  const size = rows / heads;
  const out = tensor('float32', shape);
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / size), row % size];
    const from = head * size + (place % 2) * (size / 2) + Math.floor(place / 2);
    out.data.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return out;
}
