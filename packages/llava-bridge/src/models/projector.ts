import { gelu, linear, type Params, type Value } from '@vitamin-vlm/graph';

/** Sizes of a projector. */
export interface ProjectorConfig {
  /** LLaVA's name: `identity`, `linear`, `mlp2x_gelu`, … */
  readonly type: string;
  /** Linear layers, 0 for `identity`. */
  readonly depth: number;
  /** Width of the tower's features. */
  readonly input: number;
  /** Width of the language model. */
  readonly output: number;
}

/** LLaVA's projector from features to token embeddings (arXiv:2310.03744): linear layers with exact GELUs between them. x: [..., input] -> [..., output] */
export function projector(p: Params, x: Value, { type, depth, output }: ProjectorConfig): Value {
  if (type === 'linear') return linear(p, x, output);
  let y = x;
  for (let i = 0; i < depth; i++) y = linear(p.at(2 * i), i === 0 ? y : gelu(y), output);
  return y;
}
