import { VitaminError } from '@vitamin-vlm/core';
import { isSide } from './picture.ts';

/** One label number per pixel, row-major. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array;
}

/** @throws VitaminError `USAGE` when the sides or the number of labels are wrong. */
export function checkLabelMap({ width, height, data }: LabelMap): void {
  if (!isSide(width) || !isSide(height) || data.length !== width * height) {
    throw new VitaminError('USAGE', `Expected one label per pixel of ${width} x ${height} but received ${data.length}`);
  }
}
