import type { ViTaminConfig } from '@vitamin-vlm/backbone';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { declaredHeads, type FVitConfig } from '@vitamin-vlm/fvit-detection';
import { formulaStream } from '../formula.ts';
import { imageShapes } from '../shapes.ts';

/** What the weights of a golden file depend on beside names and shapes. */
export interface FVitFormula {
  /** Stands behind every name that is given to the generator. */
  readonly seedSuffix: string;
  readonly detectTemperature: number;
  /** Tensors that the file lists, by name. */
  readonly overrides: Readonly<Record<string, readonly number[]>>;
}

/** Tensors that are made larger or smaller, so that activations stay near one behind ReLUs. */
const FACTORS: readonly (readonly [RegExp, number])[] = [
  [/^roi_head\.bbox_head\.(?:shared_convs\.[0-3]\.conv|shared_fcs\.[01]|cls_fcs\.0|reg_fcs\.0)\.weight$/u, 2],
  [/^roi_head\.mask_head\.(?:convs\.[0-3]\.conv|upsample|conv_logits)\.weight$/u, 2],
  [/^rpn_head\.rpn_(?:cls|reg)\.weight$/u, 0.5],
  [/^roi_head\.bbox_head\.fc_reg\.weight$/u, 0.1],
];

/** Names and shapes of a whole detector: tower, heads, and the counters of batch norms. `imageSize`: side of a window. */
export function fvitShapes(tower: ViTaminConfig, imageSize: number, config: FVitConfig): Map<string, readonly number[]> {
  const visual = [...imageShapes(tower, imageSize)].filter(([name]) => name.startsWith('visual.'));
  return new Map([...visual.map(([name, shape]) => [`backbone.${name}`, shape] as const), ...headShapes(config)]);
}

/** Names and shapes of everything but the tower. */
export function headShapes(config: FVitConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, shape] of declaredHeads(config)) {
    shapes.set(name, shape);
    if (name.endsWith('.running_var')) shapes.set(name.replace('running_var', 'num_batches_tracked'), []);
  }
  return shapes;
}

/** The weights of a golden file by name. */
export function fvitTensor(name: string, shape: readonly number[], { seedSuffix, detectTemperature, overrides }: FVitFormula): Tensor {
  const override = overrides[name];
  if (override) return tensor('float32', shape, Float32Array.from(override));
  if (name.endsWith('.num_batches_tracked')) return tensor('int64', shape);
  if (name.endsWith('.detect_temperature')) return tensor('float32', shape, new Float32Array([detectTemperature]));
  const [scale, offset] = spread(name, shape);
  const factor = FACTORS.find(([names]) => names.test(name))?.[1] ?? 1;
  const next = formulaStream(name + seedSuffix);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => (offset + scale * next()) * factor);
  return tensor('float32', shape, name.endsWith('.all_embeddings') ? unitColumns(data, shape[1]!) : data);
}

/** What a uniform number of [-0.5, 0.5) is multiplied with, and what is added. */
function spread(name: string, shape: readonly number[]): readonly [scale: number, offset: number] {
  if (name.endsWith('running_mean')) return [0.2, 0];
  if (name.endsWith('running_var')) return [0.4, 1];
  if (name.includes('embedding') || name.endsWith('pos_embed')) return [0.2, 0];
  if (shape.length >= 2) return [Math.sqrt(12 / sizeOf(shape.slice(1))), 0];
  return name.endsWith('bias') ? [0.1, 0] : [0.2, 1];
}

function unitColumns(data: Float32Array, columns: number): Float32Array {
  const squares = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) squares[i % columns]! += data[i]! ** 2;
  return data.map((value, i) => value / Math.sqrt(squares[i % columns]!));
}
