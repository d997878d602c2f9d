import { type LabelMap, unlabeledIn } from '@vitamin-vlm/core';
import type { Segmented } from '@vitamin-vlm/fcclip-segmentation';
import { labelColor, type Rgb } from '@vitamin-vlm/image';
import { toRleObject } from 'coco-eval-js';
import { formatPercent, table } from '../text.ts';

/** Labels in a line of text, and parts in the text of a picture. */
const SHOWN = 8;
const SHOWN_PARTS = 20;

/** A label of a picture and how much of it there is. */
export interface Region {
  /** The value of its pixels in the semantic PNG. */
  readonly id: number;
  readonly label: string;
  /** In the semantic PNG and the overlay, red, green and blue. */
  readonly color: Rgb;
  readonly pixels: number;
  /** Of the picture, 0..1. */
  readonly share: number;
}

/** The labels that occur, largest first. */
export function regionsOf(map: LabelMap, labels: readonly { readonly name: string }[]): Region[] {
  const { data } = map;
  const unlabeled = unlabeledIn(map);
  const counts = new Uint32Array(labels.length);
  for (const value of data) if (value !== unlabeled) counts[value]!++;
  return Array.from(counts, (pixels, id) => ({ id, label: labels[id]!.name, color: labelColor(id), pixels, share: pixels / data.length }))
    .filter(({ pixels }) => pixels > 0)
    .toSorted((a, b) => b.pixels - a.pixels);
}

/** The document of one picture: what the task asked for, in its pixels, each with its color in the overlay. `unlabeledValue` is the value of pixels without a label in the semantic PNG. */
export function segmentRecord(file: string, { width, height, labels, panoptic, semantic, instances }: Segmented): object {
  const pixels = width * height;
  const segments = panoptic?.segments.map(({ id, label, class: index, isThing, score, area, box }) => {
    return { id, label, color: labelColor(index), isThing, score, area, share: area / pixels, box };
  });
  const things = instances?.map(({ label, class: index, score, box, area, mask }) => ({
    label,
    color: labelColor(index),
    score,
    box,
    area,
    mask: toRleObject(mask),
  }));
  return {
    file,
    width,
    height,
    ...(segments ? { segments } : {}),
    ...(semantic ? { unlabeledValue: labels.length <= 255 ? 255 : unlabeledIn(semantic), labels: regionsOf(semantic, labels) } : {}),
    ...(things ? { instances: things } : {}),
  };
}

/**
 * What was found in a picture, for people: a line that says how, then the parts, largest first.
 *
 * @param least - Instances with a lower score are only counted.
 */
export function segmentText(file: string, method: string, found: Segmented, least: number): string {
  const { width, height, panoptic, semantic, instances } = found;
  const how = method === 'fcclip' ? 'FC-CLIP' : method;
  const head = `${file}  ${width}x${height}  ${how}`;
  const parts = [
    ...(panoptic ? [panopticText(found, panoptic)] : []),
    ...(semantic ? [semanticText(found, semantic)] : []),
    ...(instances ? [instancesText(instances, least)] : []),
  ];
  return `${head}, ${parts.join('\n  ')}`;
}

function panopticText({ width, height }: Segmented, { segments }: NonNullable<Segmented['panoptic']>): string {
  const pixels = width * height;
  const rows = segments
    .toSorted((a, b) => b.area - a.area)
    .map(({ label, isThing, area, score }) => [
      `  ${label}`,
      isThing ? 'thing' : 'stuff',
      formatPercent(area / pixels),
      `score ${score.toFixed(2)}`,
    ]);
  const none = segments.reduce((rest, { area }) => rest - area, pixels);
  if (none > 0) rows.push(['  (none of these)', '', formatPercent(none / pixels)]);
  return `panoptic: ${segments.length} ${segments.length === 1 ? 'segment' : 'segments'}\n${table(rows, [2])}`;
}

function semanticText({ labels }: Segmented, semantic: LabelMap): string {
  const regions = regionsOf(semantic, labels);
  const shown = regions.slice(0, SHOWN).map(({ label, share }) => `${label} ${formatPercent(share)}`);
  const more = regions.length > SHOWN ? [`${regions.length - SHOWN} more`] : [];
  const none = 1 - regions.reduce((sum, { share }) => sum + share, 0);
  return `semantic: ${[...shown, ...more, ...(none > 1e-9 ? [`none of these ${formatPercent(none)}`] : [])].join(', ')}`;
}

function instancesText(instances: NonNullable<Segmented['instances']>, least: number): string {
  const shown = instances.filter(({ score }) => score >= least).slice(0, SHOWN_PARTS);
  const more = instances.length - shown.length;
  const rows = shown.map(({ label, score, box }) => {
    const [x, y, w, h] = box;
    return [`  ${label}`, `score ${score.toFixed(2)}`, `at ${x},${y}`, `${w}x${h}`];
  });
  const rest = more === 0 ? '' : `\n  and ${more} more${shown.length < SHOWN_PARTS ? ` below ${least}` : ''}`;
  const head = `instances: ${shown.length === 0 ? 'nothing' : `${shown.length} found`}`;
  return `${head}${rows.length === 0 ? '' : `\n${table(rows)}`}${rest}`;
}
