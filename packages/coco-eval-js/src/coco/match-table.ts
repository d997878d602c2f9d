/**
 * The outcome of matching, all that accumulation needs. One row for each detection, ordered by (category, score descending, image, own order), and one
 * for each ground truth, ordered by (category, image, own order). For detection row r, area range a and threshold t, the flag is bit `t % 32` of word
 * `(r * areas + a) * words + floor(t / 32)`.
 */
export interface MatchTable {
  readonly areas: number;
  readonly thresholds: number;
  /** Words of flags for one row and area: `ceil(thresholds / 32)`. */
  readonly words: number;
  /** Detection rows of category k: `dtCategory[k]` to `dtCategory[k + 1]`. */
  readonly dtCategory: Int32Array;
  /** Position of the image in `imgIds`. */
  readonly dtImage: Int32Array;
  /** Place of the detection among those of its image and category, best score first. */
  readonly dtRank: Int32Array;
  readonly dtScore: Float64Array;
  readonly matched: Uint32Array;
  readonly ignored: Uint32Array;
  readonly gtCategory: Int32Array;
  readonly gtImage: Int32Array;
  /** `gtIgnored[row * areas + a]`: 1 when the ground truth does not count in that range. */
  readonly gtIgnored: Uint8Array;
}

/** What LVIS and parts of a data set do differently. */
export interface MatchRules {
  /** 1 for each position of `imgIds` that is matched; absent: all. */
  readonly images?: Uint8Array | undefined;
  /** No limit on detections of one image and category. */
  readonly unlimited?: boolean | undefined;
  /** 1 for detections that are dropped before matching. */
  readonly dropped?: Uint8Array | undefined;
  /** 1 for ground truths that are dropped before matching. */
  readonly droppedGroundTruth?: Uint8Array | undefined;
  /** Detections without area match nothing and never count. */
  readonly positiveArea?: boolean | undefined;
  /** 1 for detections that are ignored when nothing matches them. */
  readonly forgiven?: Uint8Array | undefined;
}

/** Stops or reports long work. `done` and `total` count annotations and results together; the first event comes before any work. */
export interface MatchProgress {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: { readonly done: number; readonly total: number }) => void) | undefined;
}
