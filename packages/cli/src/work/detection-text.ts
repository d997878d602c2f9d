import type { Detections } from '@vitamin-vlm/fvit-detection';
import { formatPercent, table } from '../text.ts';

/** Detections in the text of a picture. */
const SHOWN = 20;

/**
 * What was found in a picture, for people: a line for the picture, then one for each detection, best first.
 *
 * @param least - Scores below it are only counted.
 */
export function detectionText(file: string, { width, height, detections }: Detections, least: number): string {
  const shown = detections.filter(({ score }) => score >= least).slice(0, SHOWN);
  const more = detections.length - shown.length;
  const head = `${file}  ${width}x${height}  ${shown.length === 0 ? 'nothing' : `${shown.length} found`}`;
  const rows = shown.map(({ label, score, box }) => {
    const [x, y, w, h] = box.map(Math.round) as [number, number, number, number];
    return [`  ${label}`, formatPercent(score), `at ${x},${y}`, `${w}x${h}`];
  });
  const rest = more === 0 ? [] : [`  and ${more} more${shown.length < SHOWN ? ` below ${formatPercent(least)}` : ''}`];
  return [head, ...(rows.length === 0 ? [] : [table(rows, [1])]), ...rest].join('\n');
}
