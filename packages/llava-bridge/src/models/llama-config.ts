import { VitaminError } from '@vitamin-vlm/core';

/** How rotary frequencies are stretched for longer contexts. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions of the model before it was stretched. */
      readonly original: number;
    };

/** Sizes of a LLaMA, as its `config.json` says them. */
export interface LlamaConfig {
  readonly hidden: number;
  /** Width of the feed-forward. */
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values, which divide `heads`. */
  readonly groups: number;
  /** Channels of a head. */
  readonly size: number;
  readonly vocabulary: number;
  readonly eps: number;
  readonly theta: number;
  readonly scaling?: RopeScaling;
  /** Whether the head uses the embeddings. */
  readonly tied: boolean;
  /** Positions that the model was made for. */
  readonly positions: number;
  /** Ids that end an answer. */
  readonly eos: readonly number[];
}

const TYPES = ['llama', 'llava_llama', 'llava'];

/**
 * Reads `config.json` of a LLaMA, or of a LLaVA on one: that of LLaVA itself, or that of transformers with its `text_config`.
 *
 * @throws VitaminError `UNSUPPORTED` for another architecture, activation, biases or RoPE scaling; `INPUT_UNREADABLE` for sizes that are none.
 * @example
 * ```ts
 * import { readLlamaConfig } from '@vitamin-vlm/llava-bridge';
 * const sizes = { hidden_size: 64, intermediate_size: 112, num_hidden_layers: 3, num_attention_heads: 4, vocab_size: 32000 };
 * console.log(readLlamaConfig({ model_type: 'llama', ...sizes }).size); // 16
 * ```
 */
export function readLlamaConfig(config: Readonly<Record<string, unknown>>): LlamaConfig {
  const inner = config['text_config'];
  const own = isObject(inner) ? { model_type: 'llama', ...DEFAULTS, ...inner } : config;
  expectLlama(own);
  const hidden = size(own, 'hidden_size');
  const heads = size(own, 'num_attention_heads');
  const groups = size(own, 'num_key_value_heads', heads);
  const channels = size(own, 'head_dim', hidden / heads);
  if (heads % groups !== 0 || channels % 2 !== 0) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected heads of even size in equal groups but found ${heads} of ${channels} in ${groups}`,
    );
  }
  // transformers 5 keeps both in one object.
  const rope = isObject(own['rope_parameters']) ? own['rope_parameters'] : {};
  const scaling = readScaling(isObject(own['rope_scaling']) ? own['rope_scaling'] : rope);
  return {
    hidden,
    intermediate: size(own, 'intermediate_size'),
    layers: size(own, 'num_hidden_layers'),
    heads,
    groups,
    size: channels,
    vocabulary: size(own, 'vocab_size'),
    eps: number(own, 'rms_norm_eps', 1e-6),
    theta: number(own, 'rope_theta', number(rope, 'rope_theta', 10_000)),
    ...(scaling ? { scaling } : {}),
    tied: own['tie_word_embeddings'] === true,
    positions: size(own, 'max_position_embeddings', 2048),
    eos: [own['eos_token_id'] ?? config['eos_token_id'] ?? 2].flat().filter((id) => typeof id === 'number'),
  };
}

/** What transformers leaves out of a `text_config` where it is LLaMA 7B's. */
const DEFAULTS = {
  hidden_size: 4096,
  intermediate_size: 11_008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  vocab_size: 32_000,
};

type Json = Readonly<Record<string, unknown>>;

function expectLlama(config: Json): void {
  const type = config['model_type'];
  if (!TYPES.includes(String(type))) throw unsupported(`model_type ${TYPES.join(', ')}`, type);
  if ((config['hidden_act'] ?? 'silu') !== 'silu') throw unsupported('hidden_act silu', config['hidden_act']);
  for (const name of ['attention_bias', 'mlp_bias']) if (config[name] === true) throw unsupported(`${name} false`, true);
}

function readScaling(scaling: Json): RopeScaling | undefined {
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  // Dynamic scaling changes nothing up to the positions that the model was made for, and no more are computed.
  if (type === 'default' || type === 'dynamic') return undefined;
  const factor = number(scaling, 'factor');
  if (type === 'linear') return { type, factor };
  if (type !== 'llama3') throw unsupported('RoPE scaling default, linear, dynamic or llama3', type);
  return {
    type,
    factor,
    lowFrequencyFactor: number(scaling, 'low_freq_factor'),
    highFrequencyFactor: number(scaling, 'high_freq_factor'),
    original: size(scaling, 'original_max_position_embeddings'),
  };
}

function number(config: Json, name: string, otherwise?: number): number {
  const value = config[name] ?? otherwise;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new VitaminError('INPUT_UNREADABLE', `Expected a positive number as ${name} of the model but found ${JSON.stringify(value)}`);
}

/** Bounds what a hostile file can ask for. */
const MAX_SIZE = 2 ** 24;

function size(config: Json, name: string, otherwise?: number): number {
  const value = number(config, name, otherwise);
  if (Number.isInteger(value) && value <= MAX_SIZE) return value;
  throw new VitaminError('INPUT_UNREADABLE', `Expected an integer of at most ${MAX_SIZE} as ${name} of the model but found ${value}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unsupported(expected: string, found: unknown): VitaminError {
  return new VitaminError('UNSUPPORTED', `Expected a language model with ${expected} but found ${JSON.stringify(found)}`, {
    hint: 'LLaMA, Llama 2 and 3, Vicuna and TinyLlama are decoded here; for others use a vLLM server or llama.cpp.',
  });
}
