import type { DType } from '@vitamin-vlm/core';
import type { Graph, Value } from '../graph.ts';
import type { Dim } from '../shape.ts';
import { cast } from './cast.ts';
import { reshape } from './layout.ts';

/** An extent as a scalar to compute with: a constant where it is a number. */
export function extentScalar(graph: Graph, dim: Dim, dtype: DType): Value {
  return typeof dim === 'number' ? graph.scalar(dim, dtype) : cast(reshape(graph.extents([dim]), []), dtype);
}

/** 0, 1, ... up to an extent, as int64 [dim]. */
export function counted(graph: Graph, dim: Dim): Value {
  if (typeof dim === 'number') return graph.integers(Array.from({ length: dim }, (_, i) => i));
  const ends = [graph.scalar(0, 'int64'), extentScalar(graph, dim, 'int64'), graph.scalar(1, 'int64')];
  return graph.node({ op: 'Range', inputs: ends, dtype: 'int64', shape: [dim] });
}
