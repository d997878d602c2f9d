/** What long work tells its caller. Totals are known before the first step. Libraries never print. */
export type ProgressEvent =
  | { readonly phase: 'download'; readonly file: string; readonly loaded: number; readonly total: number }
  /** A weight file is copied into the cache because a hard link cannot reach there. */
  | { readonly phase: 'copy'; readonly file: string; readonly loaded: number; readonly total: number }
  /** All bytes of weights are read once, to know which they are. */
  | { readonly phase: 'digest'; readonly file: string; readonly loaded: number; readonly total: number }
  /** Matrices are rounded to 8 bits, once for all later runs. */
  | { readonly phase: 'round'; readonly done: number; readonly total: number }
  | { readonly phase: 'build' }
  | { readonly phase: 'session' }
  | { readonly phase: 'run'; readonly done: number; readonly total: number };

/** Options that mean the same in every package. */
export interface WorkOptions {
  /** Stops the work between two steps with an `ABORTED` error. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}
