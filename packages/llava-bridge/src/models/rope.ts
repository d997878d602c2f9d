import { tensor } from '@vitamin-vlm/core';
import type { Graph, RotaryTable } from '@vitamin-vlm/graph';
import type { LlamaConfig, RopeScaling } from './llama-config.ts';

/** Rotary frequencies of a head, [size / 2]: theta^(-2i/size), stretched where the model says so. */
export function ropeFrequencies({ size, theta, scaling }: Pick<LlamaConfig, 'size' | 'theta' | 'scaling'>): Float32Array {
  const frequencies = Float64Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));
  return Float32Array.from(scaling ? frequencies.map((frequency) => stretched(frequency, scaling)) : frequencies);
}

/** Llama 3.1 leaves fast frequencies as they are, divides slow ones by the factor, and blends in between (transformers, modeling_rope_utils). */
function stretched(frequency: number, scaling: RopeScaling): number {
  if (scaling.type === 'linear') return frequency / scaling.factor;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, original } = scaling;
  const turns = (original * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const share = (turns - low) / (high - low);
  return (1 - share) * (frequency / factor) + share * frequency;
}

/** Cosines and sines of positions 0 to positions - 1; each angle is rounded to float32 first, as the original models do. */
export function ropeTable(graph: Graph, config: LlamaConfig, positions: number): RotaryTable {
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const table = (wave: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: positions * half }, (_, at) => wave(Math.fround(Math.floor(at / half) * frequencies[at % half]!)));
  return {
    cos: graph.constant(tensor('float32', [positions, half], table(Math.cos))),
    sin: graph.constant(tensor('float32', [positions, half], table(Math.sin))),
  };
}
