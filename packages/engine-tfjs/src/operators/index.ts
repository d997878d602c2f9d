import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { layout } from './layout.ts';
import type { Operator } from './operator.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import { regions } from './regions.ts';
import { sampling } from './sampling.ts';
import { windows } from './windows.ts';

/** Every operator that runs on TensorFlow.js, by its name in ONNX. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({ ...elementwise, ...indexing, ...layout, ...products, ...reductions, ...regions, ...sampling, ...windows }),
);
