import type { Tensor, TensorRecord, WeightSource } from '@vitamin-vlm/core';

import type { CheckpointFormat, ForeignRecord, MetadataValue } from './opened-file.ts';

/**
 * An open checkpoint: where every tensor lies, and the tensors themselves on demand. Close it (or use `await using`) to give the file
 * handles back; the records stay valid.
 */
export interface Checkpoint extends WeightSource, AsyncDisposable {
  readonly format: CheckpointFormat;
  /** Absolute paths of the weight files, shards in order of their names. */
  readonly files: readonly string[];
  /** Plain values beside the tensors, by dotted name: `epoch`, `optimizer.param_groups.0.lr`, or safetensors' `__metadata__`. */
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  /** By name, as the file lists them. */
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  /** By name, what `openCheckpoint(path, { listForeign: true })` found beside them; else empty. */
  readonly foreign: ReadonlyMap<string, ForeignRecord>;
  /**
   * Reads one tensor, made contiguous. Allocates its bytes, and for a strided view the bytes it spans as well; never more than twice the
   * larger of the file and 64 MiB.
   *
   * @throws VitaminError `WEIGHTS_MISSING` when no tensor has that name, `USAGE` after `close`.
   */
  read(name: string): Promise<Tensor>;
  /** Closes the files. Calling it again does nothing. */
  close(): Promise<void>;
}
