import { dataCompTasks } from '../data-sets/datacomp-tasks.data.ts';
import { table } from '../text.ts';
import { percent } from './segment-scores.ts';

/** What came of a data set of a suite. */
export interface SuiteResult {
  readonly name: string;
  /** DataComp's name of it, or that of its folder. */
  readonly key: string;
  readonly metric: string;
  /** 0 to 1; null where there is nothing to count. */
  readonly value: number | null;
}

const all = Object.keys(dataCompTasks);
const ofGroup = (group: string): string[] => all.filter((key) => dataCompTasks[key]!.groups?.some((one) => one === group));

/** The averages that ViTamin's tables print, by the data sets that they are over. */
const averages: Readonly<Record<string, readonly string[]>> = {
  imagenet: ['imagenet1k'],
  dist_shift: ofGroup('dist_shift'),
  vtab: ofGroup('vtab'),
  retrieval: ofGroup('retrieval'),
  avg38: all,
};

/**
 * Averages over a suite: `average` of everything in it, and those of ViTamin's tables, each null unless all of its data sets were run.
 *
 * @returns Numbers for metrics.json, and the table for people.
 */
export function suiteScores(results: readonly SuiteResult[]): { metrics: Record<string, number | null>; text: string } {
  const values = new Map(results.map(({ key, value }) => [key, value]));
  const rows = results.map(({ name, metric, value }) => [name, metric, percent(value)]);
  const metrics: Record<string, number | null> = { average: mean(results.map(({ value }) => value)) };
  const lines = [['average', counted(results.length), percent(metrics['average']!)]];
  for (const [name, keys] of Object.entries(averages)) {
    const run = keys.filter((key) => values.has(key));
    metrics[name] = run.length === keys.length ? mean(keys.map((key) => values.get(key)!)) : null;
    lines.push([name, run.length === keys.length ? counted(keys.length) : `${run.length} of ${keys.length} run`, percent(metrics[name])]);
  }
  const datasets = Object.fromEntries(results.map(({ name, value }) => [name, value]));
  return { metrics: { ...metrics, ...datasets }, text: table([['data set', 'metric', ''], ...rows, ['', '', ''], ...lines], [2]) };
}

function counted(count: number): string {
  return `${count} data set${count === 1 ? '' : 's'}`;
}

function mean(values: readonly (number | null)[]): number | null {
  if (values.length === 0 || values.includes(null)) return null;
  return (values as number[]).reduce((sum, value) => sum + value, 0) / values.length;
}
