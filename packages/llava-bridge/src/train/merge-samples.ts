import { VitaminError } from '@vitamin-vlm/core';
import { PICTURE_ID } from '../tokenizer/llama-tokenizer.ts';
import { IGNORED, type LabeledSample } from './label-sample.ts';

/** A batch of samples with pictures in their places, all rows equally long. */
export interface MergedBatch {
  readonly rows: number;
  readonly length: number;
  /** Ids of all words of the batch, one after the other. */
  readonly ids: readonly number[];
  /** [rows · length]: which embedding stands where. From 0 on words, then cells of the pictures in use, at last the zero row of places without a token. */
  readonly index: readonly number[];
  /** [rows · length], `IGNORED` where nothing is learned. */
  readonly labels: readonly number[];
  /** [rows · length]: whether a token stands there. */
  readonly mask: readonly boolean[];
  /** Tokens of each row. */
  readonly lengths: readonly number[];
}

/** How samples are merged. */
export interface MergeOptions {
  /** Where shorter rows are filled up. Default `right`. */
  readonly padding?: 'left' | 'right' | undefined;
  /** Longer rows are cut on the right. Default: none is. */
  readonly maxLength?: number | undefined;
}

interface Place {
  readonly source: 'word' | 'picture';
  readonly at: number;
  readonly label: number;
}

/**
 * Puts the tokens of pictures where their places are (LLaVA's `prepare_inputs_labels_for_multimodal`). Pictures count through the whole batch; a sample without
 * one skips an entry of the list all the same.
 *
 * @param cells - Tokens of each picture of the list.
 * @throws VitaminError `USAGE` for fewer pictures than places.
 */
export function mergeSamples(
  samples: readonly LabeledSample[],
  cells: readonly number[],
  { padding = 'right', maxLength = Infinity }: MergeOptions = {},
): MergedBatch {
  const starts = cells.map((_, i) => cells.slice(0, i).reduce((sum, count) => sum + count, 0));
  const words: number[] = [];
  let picture = 0;
  const rows = samples.map(({ ids, labels }) => {
    const places: Place[] = [];
    for (const [i, id] of ids.entries()) {
      if (id !== PICTURE_ID) {
        places.push({ source: 'word', at: words.push(id) - 1, label: labels[i]! });
        continue;
      }
      const start = starts[picture];
      if (start === undefined) throw new VitaminError('USAGE', `Expected a picture for each place but received only ${cells.length}`);
      for (let cell = 0; cell < cells[picture]!; cell++) places.push({ source: 'picture', at: start + cell, label: IGNORED });
      picture++;
    }
    if (!ids.includes(PICTURE_ID)) picture++;
    return places.slice(0, maxLength);
  });
  const length = Math.max(...rows.map((places) => places.length));
  const zero = words.length + cells.reduce((sum, count) => sum + count, 0);
  const filled = rows.map((places): (Place | undefined)[] => {
    const gap = Array.from({ length: length - places.length }, () => undefined);
    return padding === 'right' ? [...places, ...gap] : [...gap, ...places];
  });
  const all = filled.flat();
  return {
    rows: rows.length,
    length,
    ids: words,
    index: all.map((place) => (place ? place.at + (place.source === 'picture' ? words.length : 0) : zero)),
    labels: all.map((place) => place?.label ?? IGNORED),
    mask: all.map((place) => place !== undefined),
    lengths: rows.map((places) => places.length),
  };
}
