import type { Figure, Target } from './figure.ts';
import type { Clock } from './paired.ts';
import type { WindowModel } from './window-model.ts';

/** What every benchmark is given. */
export interface Setting {
  /** A folder for files, deleted afterwards. */
  readonly folder: string;
  readonly threads: number;
  readonly rounds: number;
  /** For what is timed inside this process. */
  readonly clock: Clock;
  readonly model: WindowModel;
  /** The weights of `model`, written when first asked for. */
  readonly weights: () => Promise<string>;
}

/** A benchmark gives one figure or several. */
export type Bench = (setting: Setting) => Promise<readonly Figure[]>;

/** The targets are set for ViTamin-L: other sizes are measured without one. */
export function targetOfLarge({ size }: WindowModel, target: Target): { readonly target?: Target } {
  return size === 'large' ? { target } : {};
}
