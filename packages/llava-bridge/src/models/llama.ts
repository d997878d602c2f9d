// Llama 2: Open Foundation and Fine-Tuned Chat Models (Touvron et al., arXiv:2307.09288). Reference implementation: transformers, modeling_llama.py.
// Parameter paths are those of Hugging Face's checkpoints.
import {
  add,
  affine,
  concat,
  greater,
  type KeyValueCache,
  linear,
  logicalAnd,
  logicalNot,
  mul,
  type Params,
  reshape,
  rmsNorm,
  rotary,
  type RotaryTable,
  scaledDotProduct,
  silu,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';
import type { LlamaConfig } from './llama-config.ts';

/** Where tokens stand: what attention needs beside them. */
export interface Places {
  /** int64 [N, L], of the new tokens, counted from 0. */
  readonly positions: Value;
  /** bool [N, 1, L, T]: which of all T tokens a new one sees. */
  readonly visible: Value;
  readonly rope: RotaryTable;
}

/** Named results of a layer. All [N, L, …], keys and values of the cache [N, groups, T, D]. */
export interface LayerTaps {
  readonly inputNorm: Value;
  /** Before their rotation. */
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly attention: Value;
  readonly postAttentionNorm: Value;
  readonly mlp: Value;
  /** The residual stream after the layer. */
  readonly out: Value;
  /** All keys, rotated, and values so far. */
  readonly present: KeyValueCache;
  /** Those of the new tokens alone. */
  readonly fresh: KeyValueCache;
}

/** Grouped-query attention. x: [N, L, H] -> [N, L, H] */
function attention(p: Params, x: Value, config: LlamaConfig, { positions, visible, rope }: Places, past?: KeyValueCache) {
  const { heads, groups, size, hidden } = config;
  const [n, length] = x.shape as [Value['shape'][0] & {}, Value['shape'][0] & {}];
  const q = linear(p.at('q_proj'), x, heads * size, { bias: false });
  const k = linear(p.at('k_proj'), x, groups * size, { bias: false });
  const v = linear(p.at('v_proj'), x, groups * size, { bias: false });
  const asHeads = (y: Value, count: number): Value => transpose(reshape(y, [n, length, count, size]), [0, 2, 1, 3]); // [N, count, L, D]
  const key = rotary(asHeads(k, groups), positions, rope);
  const value = asHeads(v, groups);
  const present = past ? { key: concat([past.key, key], 2, 'T'), value: concat([past.value, value], 2, 'T') } : { key, value };
  const mixed = scaledDotProduct(rotary(asHeads(q, heads), positions, rope), present.key, present.value, visible); // [N, heads, L, D]
  const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [n, length, heads * size]);
  return { q, k, v, present, fresh: { key, value }, out: linear(p.at('o_proj'), joined, hidden, { bias: false }) };
}

/** SwiGLU. x: [N, L, H] -> [N, L, H] */
function feedForward(p: Params, x: Value, { intermediate, hidden }: LlamaConfig): Value {
  const gate = linear(p.at('gate_proj'), x, intermediate, { bias: false });
  const up = linear(p.at('up_proj'), x, intermediate, { bias: false });
  return linear(p.at('down_proj'), mul(silu(gate), up), hidden, { bias: false });
}

/** One layer: attention and feed-forward, each on a normed copy of the residual stream. x: [N, L, H] */
export function llamaLayer(p: Params, x: Value, config: LlamaConfig, places: Places, past?: KeyValueCache): LayerTaps {
  const inputNorm = rmsNorm(p.at('input_layernorm'), x, config.eps);
  const { out: attended, ...taps } = attention(p.at('self_attn'), inputNorm, config, places, past);
  const y = add(x, attended);
  const postAttentionNorm = rmsNorm(p.at('post_attention_layernorm'), y, config.eps);
  const mlp = feedForward(p.at('mlp'), postAttentionNorm, config);
  return { ...taps, inputNorm, attention: attended, postAttentionNorm, mlp, out: add(y, mlp) };
}

/** Embeddings [N, L, H] through all layers and the last norm. `p` is the scope of `model`. */
export function llamaLayers(
  p: Params,
  embeddings: Value,
  config: LlamaConfig,
  places: Places,
  past?: readonly KeyValueCache[],
): { readonly layers: readonly LayerTaps[]; readonly norm: Value } {
  const layers: LayerTaps[] = [];
  for (let i = 0; i < config.layers; i++) {
    layers.push(llamaLayer(p.at('layers').at(i), layers.at(-1)?.out ?? embeddings, config, places, past?.[i]));
  }
  return { layers, norm: rmsNorm(p.at('norm'), layers.at(-1)!.out, config.eps) };
}

/** The table of embeddings, [vocabulary, H]. */
export function embeddingTable(root: Params, { vocabulary, hidden }: LlamaConfig): Value {
  return root.at('model').at('embed_tokens').get('weight', [vocabulary, hidden]);
}

/** Scores of the next token: [..., H] -> [..., vocabulary] */
export function languageHead(root: Params, x: Value, config: LlamaConfig): Value {
  const table = config.tied ? embeddingTable(root, config) : root.at('lm_head').get('weight', [config.vocabulary, config.hidden]);
  return affine(x, table, null);
}

/**
 * What every token sees: itself and what stands before it.
 *
 * @param positions - int64 [N, L], of the tokens that look.
 * @param slots - int64 [N, T], of the tokens that are looked at; -1 hides one.
 * @returns bool [N, 1, L, T]
 */
export function causalVisibility(positions: Value, slots: Value): Value {
  const [n, length] = positions.shape as [string, string];
  const seen = reshape(slots, [n, 1, 1, slots.shape[1]!]);
  return logicalAnd(logicalNot(greater(seen, reshape(positions, [n, 1, length, 1]))), greater(seen, positions.graph.scalar(-1, 'int64')));
}
