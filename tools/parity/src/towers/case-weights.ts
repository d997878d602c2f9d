import { type Hints, hintsOfOpenClip, type Shapes, textTower, towerFamilies, inferConfig } from '@vitamin-vlm/backbone';
import { type LazyTensor, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { Graph, Parameters, reshape } from '@vitamin-vlm/graph';
import { formulaStream } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';

/** A configuration of open_clip or CLIPSelf, as far as a run needs it. */
export interface CaseConfig {
  readonly vision_cfg: { readonly layers?: number; readonly timm_model_name?: string; readonly image_size: number };
  readonly text_cfg: { readonly layers: number; readonly vocab_size: number };
  readonly custom_text?: boolean;
  readonly nanoOverrides?: { readonly num_heads?: number; readonly attn_pool_num_heads?: number };
}

/** Blocks of the stages of models that the configuration names only. */
const DEPTHS: Readonly<Record<string, readonly number[]>> = {
  convnext_tiny: [3, 3, 9, 3],
  convnext_small: [3, 3, 27, 3],
  convnext_base: [3, 3, 27, 3],
  convnext_large: [3, 3, 27, 3],
  convnext_xlarge: [3, 3, 27, 3],
  convnext_xxlarge: [3, 4, 30, 3],
  coatnet_0_224: [2, 3, 5, 2],
  coatnet_2_224: [2, 6, 14, 2],
  coatnet_4_224: [2, 12, 28, 2],
};
/** Blocks of Transformers that timm builds. */
const LAYERS: readonly (readonly [RegExp, number])[] = [
  [/_(?:tiny|small|base)_/u, 12],
  [/_large_/u, 24],
];

/** The tensors of a case: names in its file, with shapes. */
export interface CaseWeights {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly hints: Hints;
  /** Stands behind every name that is given to the generator. */
  readonly seedSuffix: string;
}

/**
 * What a case of the file consists of. It lists the tensors of some blocks; those of the others follow from the network of this repository, and their number and
 * size must be those of the original.
 */
export function caseWeights(golden: Golden): CaseWeights {
  const config = golden.at('config').take() as CaseConfig;
  const seedSuffix = golden.has('seedSuffix') ? golden.at('seedSuffix').takeText() : '';
  const listed = new Map(
    golden
      .at('weights')
      .keys()
      .map((name) => [name, (golden.at('weights', name).value as [number[]])[0]] as const),
  );
  const overrides = config.nanoOverrides;
  const hints: Hints = {
    ...hintsOfOpenClip(config),
    ...(overrides?.num_heads === undefined ? {} : { imageHeads: overrides.num_heads }),
    ...(overrides?.attn_pool_num_heads === undefined ? {} : { poolHeads: overrides.attn_pool_num_heads }),
  };
  const builtin = listed.has('text_projection');
  const shapes = listed.size === golden.at('tensors').value ? listed : completed(listed, config, hints, builtin);
  golden.at('tensors').equal(shapes.size);
  golden.at('values').equal([...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0));
  if (golden.has('names')) golden.at('names').takeText();
  for (const [name, shape] of listed) {
    const { data } = towersTensor(name, shape, seedSuffix);
    golden.at('weights', name).numbers([...shape, ...data.subarray(0, 3), data.at(-1)!].map(Number));
  }
  return { shapes, hints, seedSuffix };
}

/** All tensors of a model of which the first block of each part is known. */
function completed(
  listed: ReadonlyMap<string, readonly number[]>,
  config: CaseConfig,
  hints: Hints,
  builtin: boolean,
): Map<string, readonly number[]> {
  const canonical = (name: string): string => (builtin && !/^(?:visual\.|logit_)/u.test(name) ? `text.${name}` : name);
  const known = new Map<string, { shape: readonly number[] }>();
  for (const [name, shape] of listed) {
    known.set(canonical(name), { shape });
    // Only their number matters here: shapes come from the network.
    for (let i = 1; i < blocksOf(canonical(name), config); i++)
      known.set(canonical(name).replace(/blocks\.0\./u, `blocks.${i}.`), { shape });
  }
  const declared = declaredBy(known, hints);
  const stored = (name: string): string => (builtin ? name.replace(/^text\./u, '') : name);
  const own = new Map<string, readonly number[]>([...declared].map(([name, shape]) => [stored(name), shape]));
  const all = new Map(own);
  for (const [name, shape] of own)
    if (name.endsWith('.running_var')) all.set(name.replace('running_var', 'num_batches_tracked'), shape.slice(1));
  for (const [name, shape] of listed) all.set(name, shape);
  return all;
}

/** How many blocks there are of the kind that a tensor belongs to. */
function blocksOf(name: string, { vision_cfg: vision, text_cfg: text }: CaseConfig): number {
  if (!/blocks\.0\./u.test(name)) return 1;
  if (name.startsWith('text.')) return text.layers;
  const stage = /\.stages\.(\d)\./u.exec(name)?.[1];
  const model = vision.timm_model_name ?? '';
  const count = stage === undefined ? (vision.layers ?? LAYERS.find(([names]) => names.test(model))?.[1]) : DEPTHS[model]?.[Number(stage)];
  if (count !== undefined) return count;
  throw new VitaminError('USAGE', `Expected a model whose number of blocks is known but found ${JSON.stringify(vision)}`);
}

/** Everything that the networks ask for, by canonical names. */
export function declaredBy(shapes: Shapes, hints: Hints): ReadonlyMap<string, readonly number[]> {
  const { family, text } = inferConfig(shapes, hints);
  const plan = towerFamilies.find(({ name }) => name === family)!.plan(shapes, hints);
  const graph = new Graph('declared');
  const { root, declared } = new Parameters(graph);
  const side = plan.imageSize ?? plan.stride * 4;
  const { maps } = plan.build(root, graph.input('image', 'float32', [1, 3, side, side]));
  const last = maps[plan.denseLevel]!;
  const [n, channels, h, w] = last.shape as [number, number, number, number];
  plan.dense(root, reshape(last, [n, channels, h * w]));
  if (text) textTower(root.at('text'), graph.input('ids', 'int32', [1, text.context]), graph.input('ends', 'int32', [1]), text);
  return declared;
}

/** Writes the checkpoint of a case under the names that its file has, one tensor at a time. */
export async function writeCase(
  path: string,
  { shapes, seedSuffix }: CaseWeights,
  rename: (name: string) => string | undefined = (name) => name,
): Promise<void> {
  const tensors = [...shapes].flatMap(([name, shape]): [string, LazyTensor][] => {
    const stored = rename(name);
    const dtype = name.endsWith('num_batches_tracked') ? ('int64' as const) : ('float32' as const);
    return stored === undefined ? [] : [[stored, { dtype, shape, data: () => towersTensor(name, shape, seedSuffix).data }]];
  });
  await writeSafetensors(path, tensors, { format: 'pt' });
}

/** A tensor of these files: the rule looks at the name, the generator at name and suffix. */
export function towersTensor(name: string, shape: readonly number[], seedSuffix: string): Tensor {
  if (name.endsWith('num_batches_tracked')) return tensor('int64', shape);
  const [scale, offset] = spread(name, shape);
  const next = formulaStream(name + seedSuffix);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = offset + scale * next();
  return tensor('float32', shape, data);
}

/** What a uniform number of [-0.5, 0.5) is multiplied with, and what is added. */
function spread(name: string, shape: readonly number[]): readonly [scale: number, offset: number] {
  if (name.endsWith('logit_scale')) return [0, Math.log(100)];
  if (name.endsWith('logit_bias')) return [0, -10];
  if (name.endsWith('running_mean')) return [0.2, 0];
  if (name.endsWith('running_var')) return [0.4, 1];
  if (name.includes('embedding') || name.endsWith('pos_embed')) return [0.2, 0];
  if (name.endsWith('text_projection') && shape.length === 2) return [Math.sqrt(12 / shape[0]!), 0];
  if (shape.length >= 2) return [Math.sqrt(12 / sizeOf(shape.slice(1))), 0];
  return name.endsWith('bias') ? [0.1, 0] : [0.2, 1];
}
