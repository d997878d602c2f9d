import { tensor } from '@vitamin-vlm/core';
import { type DecoderModel, randomNumbers, readLlamaConfig } from '../src/index.ts';

/** A language model of random weights: two layers, grouped heads, 40 words. */
export function smallModel(): DecoderModel {
  return smallLlama(40);
}

/** The same with a vocabulary of any size, and its `config.json`. */
export function smallLlama(vocabulary: number, positions: number = 64): DecoderModel & { readonly json: Record<string, unknown> } {
  const json = {
    model_type: 'llama',
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: vocabulary,
    max_position_embeddings: positions,
  };
  const config = readLlamaConfig(json);
  const random = randomNumbers(7);
  const weights = new Map<string, ReturnType<typeof matrix>>();
  const matrix = (...shape: readonly number[]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const scale = shape.length > 1 ? Math.sqrt(12 / shape[1]!) : 0.2;
    return tensor(
      'float32',
      shape,
      Float32Array.from({ length: size }, () => (shape.length > 1 ? 0 : 1) + scale * (random() - 0.5)),
    );
  };
  weights.set('model.embed_tokens.weight', matrix(vocabulary, 32));
  for (const i of [0, 1]) {
    const p = `model.layers.${i}.`;
    weights.set(`${p}self_attn.q_proj.weight`, matrix(32, 32));
    weights.set(`${p}self_attn.k_proj.weight`, matrix(16, 32));
    weights.set(`${p}self_attn.v_proj.weight`, matrix(16, 32));
    weights.set(`${p}self_attn.o_proj.weight`, matrix(32, 32));
    weights.set(`${p}mlp.gate_proj.weight`, matrix(48, 32));
    weights.set(`${p}mlp.up_proj.weight`, matrix(48, 32));
    weights.set(`${p}mlp.down_proj.weight`, matrix(32, 48));
    weights.set(`${p}input_layernorm.weight`, matrix(32));
    weights.set(`${p}post_attention_layernorm.weight`, matrix(32));
  }
  weights.set('model.norm.weight', matrix(32));
  weights.set('lm_head.weight', matrix(vocabulary, 32));
  return { config, weights, identity: 'random', json };
}
