import type { DType } from '@vitamin-vlm/core';
import type { Graph, Value } from '../graph.ts';
import type { Dim } from '../shape.ts';
import { cast } from './cast.ts';
import { reshape } from './layout.ts';

/** An extent as a scalar to compute with: a constant where it is a number. */
export function extentScalar(graph: Graph, dim: Dim, dtype: DType): Value {
  return typeof dim === 'number' ? graph.scalar(dim, dtype) : cast(reshape(graph.extents([dim]), []), dtype);
}
