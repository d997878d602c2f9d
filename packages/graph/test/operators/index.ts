import { choosing } from './choosing.ts';
import { contributed } from './contributed.ts';
import { decoder } from './decoder.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { layout } from './layout.ts';
import { losses } from './losses.ts';
import { norms } from './norms.ts';
import { products } from './products.ts';
import { reduce } from './reduce.ts';
import { sampling } from './sampling.ts';
import type { Operator } from './row.ts';
import { windows } from './windows.ts';

/** Every exported operator by its name. */
export const operators: Readonly<Record<string, Operator>> = {
  ...choosing,
  ...sampling,
  ...contributed,
  ...decoder,
  ...elementwise,
  ...indexing,
  ...layout,
  ...norms,
  ...losses,
  ...products,
  ...reduce,
  ...windows,
};
