/** Something measured beside a peer in the same run: on a shared or unknown machine only the ratio says much. */
export interface Figure {
  /** Name of the benchmark that made it. */
  readonly bench: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** What `peer` measures, in the same unit. */
  readonly peerName: string;
  readonly peer: number;
  /** ours / peer; where rounds were paired, the median of their ratios. */
  readonly ratio: number;
  readonly target?: Target;
  readonly note?: string;
}

/** A bound on `ours` or on `ratio`. */
export interface Target {
  readonly on: 'ours' | 'ratio';
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export type Verdict = 'met' | 'missed' | 'no target';

/** Whether a figure keeps within its bound. The bound itself counts as met. */
export function verdict({ target, ours, ratio }: Figure): Verdict {
  if (!target) return 'no target';
  const value = target.on === 'ours' ? ours : ratio;
  return (target.bound === 'at least' ? value >= target.value : value <= target.value) ? 'met' : 'missed';
}
