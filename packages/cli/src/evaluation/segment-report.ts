import { writeFileAtomic } from '@vitamin-vlm/core';
import { renderReport, type ReportMetric } from 'coco-eval-js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentDataSettings } from './score-segments.ts';
import { type ClassScores, segmentScores } from './segment-scores.ts';

const first: readonly string[] = ['PQ', 'SQ', 'RQ', 'mIoU', 'AP'];

/** Draws a page of an evaluation's numbers and classes. Returns its path. */
export async function segmentReport(folder: string, { dataset, images, tasks }: SegmentDataSettings): Promise<string> {
  const metrics = await readJson<Record<string, number | null>>(folder, 'metrics.json');
  const classes = await readJson<ClassScores[]>(folder, 'classes.json');
  const whole = Object.fromEntries(Object.entries(metrics).filter(([name]) => !/^(?:PQ|SQ|RQ|mIoU)\b| /u.test(name)));
  const bar = tasks.includes('panoptic') ? 'PQ' : tasks.includes('semantic') ? 'IoU' : 'AP';
  const path = join(folder, 'segments.html');
  const page = renderReport({
    title: `Segmentation: ${dataset ?? 'a data set of its own'}`,
    facts: [`${images} pictures`, `${classes.length} classes`, tasks.join(', ')],
    metrics: Object.entries(metrics)
      .toSorted(([a], [b]) => rank(a) - rank(b))
      .map(([name, value]): ReportMetric => ({ name, value, newLine: /^\w+ things$/u.test(name) })),
    classes: {
      valueName: bar,
      ...(bar === 'PQ' && tasks.includes('semantic') ? { markName: 'IoU' } : {}),
      rows: classes.map(({ name, novel, IoU = null, tp = 0, fp = 0, fn = 0, ...one }) => ({
        name,
        value: bar === 'IoU' ? IoU : (one[bar] ?? null),
        mark: bar === 'PQ' ? IoU : null,
        groundTruths: tp + fn,
        detections: tp + fp,
        ...(novel ? { group: 'novel' } : {}),
      })),
    },
    summary: segmentScores(classes, whole).text,
  });
  await writeFileAtomic(path, page);
  return path;
}

/** The means over everything first. */
function rank(name: string): number {
  const at = first.indexOf(name);
  return at < 0 ? first.length : at;
}

async function readJson<T>(folder: string, name: string): Promise<T> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
}
