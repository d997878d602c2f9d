import type { Detections, Segments } from './api.ts';
import type { Word } from './state.ts';

/** A thing or a region to be drawn and listed. */
export interface Finding {
  readonly id: number;
  readonly label: string;
  /** Place among the words. */
  readonly word: number;
  readonly score: number;
  readonly box: readonly [x: number, y: number, width: number, height: number];
  /** Middle of its pixels; segments alone. */
  readonly middle?: readonly [x: number, y: number];
  /** Of the picture's pixels; segments alone. */
  readonly share?: number;
}

/** What is known about a picture for the words that were asked. */
export interface Found {
  readonly width: number;
  readonly height: number;
  readonly findings: readonly Finding[];
  /** Id of a finding per pixel. */
  readonly map?: Uint32Array;
  /** As the server said it. */
  readonly document: Detections | Segments;
}

export function ofDetections(document: Detections, words: readonly Word[]): Found {
  const findings = document.detections.map(({ label, score, box }, id) => ({
    id,
    label,
    word: wordOf(label, words),
    score,
    box: asBox(box),
  }));
  return { width: document.width, height: document.height, findings, document };
}

export async function ofSegments(document: Segments, words: readonly Word[]): Promise<Found> {
  const { width, height, panoptic } = document;
  if (!panoptic) return { width, height, findings: [], document };
  const map = await idsOf(panoptic.png);
  const middles = middlesOf(map, width);
  const findings = panoptic.segments.map(({ id, label, score, box, area }) => ({
    id,
    middle: middles.get(id) ?? [0, 0],
    label,
    word: wordOf(label, words),
    score,
    box: asBox(box),
    share: area / (width * height),
  }));
  return { width, height, findings, map, document };
}

function wordOf(label: string, words: readonly Word[]): number {
  return words.findIndex(({ text }) => text.split('|', 1)[0]!.trim() === label);
}

function asBox(box: readonly number[]): Finding['box'] {
  const [x = 0, y = 0, width = 0, height = 0] = box;
  return [x, y, width, height];
}

/** Ids from a PNG whose color is red + 256 green + 65536 blue. */
async function idsOf(base64: string): Promise<Uint32Array> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0)!);
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const ids = new Uint32Array(bitmap.width * bitmap.height);
  for (let i = 0; i < ids.length; i++) ids[i] = data[4 * i]! + 256 * data[4 * i + 1]! + 65_536 * data[4 * i + 2]!;
  return ids;
}

/** Mean place of the pixels of each id. */
function middlesOf(map: Uint32Array, width: number): Map<number, readonly [number, number]> {
  const sums = new Map<number, [count: number, x: number, y: number]>();
  for (let i = 0; i < map.length; i++) {
    const sum = sums.get(map[i]!) ?? [0, 0, 0];
    sum[0]++;
    sum[1] += i % width;
    sum[2] += Math.floor(i / width);
    sums.set(map[i]!, sum);
  }
  return new Map(Array.from(sums, ([id, [count, x, y]]) => [id, [x / count, y / count]]));
}
