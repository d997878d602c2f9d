import { VitaminError, type LabelMap } from '@vitamin-vlm/core';
import { isSide } from './picture.ts';

/** @throws VitaminError `USAGE` when the sides or the number of labels are wrong. */
export function checkLabelMap({ width, height, data }: LabelMap): void {
  if (!isSide(width) || !isSide(height) || data.length !== width * height) {
    throw new VitaminError('USAGE', `Expected one label per pixel of ${width} x ${height} but received ${data.length}`);
  }
}
