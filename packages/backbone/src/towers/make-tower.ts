import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { PositionTable, TowerPlan } from '../families/family.ts';
import type { Preprocessing } from '../load/preprocessing.ts';
import { resizePositionEmbedding } from '../pos-embed.ts';
import type { ImageTower } from './image-tower.ts';

/** What a tower is made from. */
export interface TowerParts {
  readonly plan: TowerPlan;
  readonly imageSize: number;
  readonly preprocessing: Preprocessing;
  readonly weights: Weights;
  /** The learned position embedding, where the plan has one. */
  readonly positions?: Tensor<'float32'> | undefined;
}

/** A tower of any family over its weights. */
export function makeTower({ plan, imageSize, preprocessing, weights, positions }: TowerParts): ImageTower {
  const { config, id, stride, levels, denseLevel, embedDim, build, dense } = plan;
  return {
    id: id(imageSize),
    family: config.family,
    imageSize,
    stride,
    grain: plan.grain ?? stride,
    ...preprocessing,
    levels,
    denseLevel,
    ...(embedDim === undefined ? {} : { embedDim }),
    weightsFor: (height, width = height) => {
      if (plan.fixedSize && (height !== imageSize || width !== imageSize)) throw fixedSize(id(imageSize), imageSize, height, width);
      if (!plan.positions || !positions) return weights;
      const resized = resizeTable(positions, plan.positions, [height / stride, width / stride]);
      return resized === positions ? weights : new Map([...weights, [plan.positions.name, resized]]);
    },
    build,
    dense,
  };
}

/** [.., rows + g·g, D] -> [.., rows + h·w, D]; rows before the grid's stay. */
function resizeTable(
  table: Tensor<'float32'>,
  { classRows, grid, antialias }: PositionTable,
  to: readonly [number, number],
): Tensor<'float32'> {
  if (to[0] === grid && to[1] === grid) return table;
  const width = table.shape.at(-1)!;
  const kept = classRows * width;
  const cells = tensor('float32', [grid * grid, width], table.data.subarray(kept));
  const resized = resizePositionEmbedding(cells, [grid, grid], to, { antialias });
  const out = tensor('float32', [...table.shape.slice(0, -2), classRows + to[0] * to[1], width]);
  out.data.set(table.data.subarray(0, kept));
  out.data.set(resized.data, kept);
  return out;
}

function fixedSize(name: string, size: number, height: number, width: number): VitaminError {
  return new VitaminError('UNSUPPORTED', `Expected an input of ${size} x ${size} for ${name} but received ${height} x ${width}`, {
    hint: 'Its tables of relative positions are learned for one size.',
  });
}
