import { add, layerNorm, linear, type Params, type Value } from '@vitamin-vlm/graph';
import { type Activation, activate } from './activation.ts';
import { type AttentionNames, type AttentionOptions, selfAttention } from './attention.ts';

/** How one code base names the parts of a block. */
export interface BlockNames extends AttentionNames {
  readonly norm1: string;
  readonly norm2: string;
  readonly hidden: string;
  readonly back: string;
}

/** open_clip's and OpenAI's names. */
export const openClipNames: BlockNames = {
  norm1: 'ln_1',
  packed: ['in_proj_weight', 'in_proj_bias'],
  projection: 'out_proj',
  norm2: 'ln_2',
  hidden: 'c_fc',
  back: 'c_proj',
};

/** timm's names. */
export const timmNames: BlockNames = {
  norm1: 'norm1',
  packed: ['qkv.weight', 'qkv.bias'],
  projection: 'proj',
  norm2: 'norm2',
  hidden: 'fc1',
  back: 'fc2',
};

/** What a block takes beside its weights. */
export interface BlockOptions extends AttentionOptions {
  readonly names: BlockNames;
  readonly eps: number;
  readonly activation?: Activation | undefined;
  /** Width inside the feed-forward network. Default: four times that of the tokens. */
  readonly hidden?: number | undefined;
}

/** Results inside a block, [N, L, W] unless noted. */
export interface BlockTaps {
  readonly norm1: Value;
  readonly attention: Value;
  /** [N, L, hidden], before and after the activation. */
  readonly hidden: Value;
  readonly activated: Value;
  readonly mlp: Value;
  readonly out: Value;
}

/** Pre-norm Transformer block: attention, then a feed-forward network. x: [N, L, W] */
export function transformerLayer(p: Params, x: Value, options: BlockOptions): BlockTaps {
  const norm1 = layerNorm(p.at(options.names.norm1), x, options.eps);
  const { out: attention } = selfAttention(p.at('attn'), norm1, options);
  return { norm1, attention, ...feedForward(p, add(x, attention), options) };
}

/** The same block without attention: each token keeps to itself (MaskCLIP, Zhou et al., arXiv:2112.01071). What it says stays where it stands. */
export function valueOnlyLayer(p: Params, x: Value, options: BlockOptions): Value {
  const norm1 = layerNorm(p.at(options.names.norm1), x, options.eps);
  return feedForward(p, add(x, selfAttention(p.at('attn'), norm1, options).valueOnly), options).out;
}

function feedForward(
  p: Params,
  x: Value,
  options: Omit<BlockOptions, keyof AttentionOptions | 'names'> & Pick<BlockOptions, 'names'>,
): Pick<BlockTaps, 'hidden' | 'activated' | 'mlp' | 'out'> {
  const { mlp, ...others } = mlpOf(p.at('mlp'), layerNorm(p.at(options.names.norm2), x, options.eps), options);
  return { ...others, mlp, out: add(x, mlp) };
}

/** Two linear layers with an activation between them. x: [..., W] */
export function mlpOf(
  p: Params,
  x: Value,
  {
    names,
    activation,
    hidden: inside,
  }: { readonly names: Pick<BlockNames, 'hidden' | 'back'> } & Pick<BlockOptions, 'activation' | 'hidden'>,
): Pick<BlockTaps, 'hidden' | 'activated' | 'mlp'> {
  const width = x.shape.at(-1) as number;
  const hidden = linear(p.at(names.hidden), x, inside ?? 4 * width);
  const activated = activate(hidden, activation);
  return { hidden, activated, mlp: linear(p.at(names.back), activated, width) };
}
