import type { Calibration } from '../calibration/calibration.ts';
import { decimal, table } from './table.ts';

/** Errors and bins; with `categories` those that are furthest off. */
export function calibrationText({ ece, mce, iouThr, bins, perCategory }: Calibration, categories: boolean): string {
  const head = `Calibration at IoU ${iouThr}: expected error (ECE) ${decimal(ece)}, largest (MCE) ${decimal(mce)}\n`;
  const rows = bins.map(({ low, high, count, confidence, accuracy }) => [
    `${low.toFixed(2)} to ${high.toFixed(2)}`,
    String(count),
    decimal(confidence),
    decimal(accuracy),
  ]);
  const text = head + table([{ title: 'score', left: true }, { title: 'detections' }, { title: 'mean score' }, { title: 'right' }], rows);
  if (!categories) return text;
  const own = perCategory.map(({ name, detections, ece: error }) => [name, String(detections), decimal(error)]);
  return `${text}\n${table([{ title: 'category', left: true }, { title: 'detections' }, { title: 'ECE' }], own)}`;
}
