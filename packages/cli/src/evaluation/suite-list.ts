import { VitaminError } from '@vitamin-vlm/core';
import { basename, dirname, resolve } from 'node:path';
import { dataCompKey, dataCompTasks } from '../data-sets/datacomp-tasks.data.ts';
import { readText } from '../words.ts';

/** A data set of a suite. */
export interface SuiteEntry {
  /** What it is called in the table, and the name of its folder below -o. */
  readonly name: string;
  readonly dataset: string;
  readonly templates?: string | undefined;
  /** The number that stands for it. Default: DataComp's, else the first. */
  readonly metric?: string | undefined;
}

const MAX_BYTES = 2 ** 22;

/**
 * Reads a list of data sets: a folder a line (`#` begins a remark), or JSON, `["wds_cars_test", {"dataset": "mine", "name": "Mine", "templates": "imagenet7", "metric": "acc5"}]`.
 * Folders start at the list's own.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read, an entry that is none, and names that repeat.
 */
export async function readSuite(file: string): Promise<SuiteEntry[]> {
  const text = await readText(file, MAX_BYTES, 'the suite');
  const entries = /^\s*[[{]/u.test(text) ? parseJson(file, text) : lines(text);
  const suite = entries.map((entry, i) => entryOf(entry, i, file));
  if (suite.length === 0) throw new VitaminError('USAGE', `Expected data sets in ${file} but found none`);
  const twin = suite.find(({ name }, i) => suite.findIndex((other) => other.name === name) !== i);
  if (twin)
    throw new VitaminError('USAGE', `Expected every data set of ${file} once but found "${twin.name}" twice`, {
      hint: 'Give one of them a "name".',
    });
  return suite;
}

function lines(text: string): string[] {
  return text
    .split(/\r?\n/u)
    .map((line) => line.replace(/(?:^|\s)#.*$/u, '').trim())
    .filter((line) => line !== '');
}

function parseJson(file: string, text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VitaminError('USAGE', `Expected a list of data sets as JSON in ${file} but found something else`, { cause });
  }
  const list = Array.isArray(value) ? (value as unknown[]) : (value as Record<string, unknown>)['datasets'];
  if (Array.isArray(list)) return list as unknown[];
  throw new VitaminError('USAGE', `Expected a list "datasets" in ${file} but found none`);
}

/** A text that is not empty, or nothing. */
function isText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '');
}

function entryOf(entry: unknown, index: number, file: string): SuiteEntry {
  const { dataset, name, templates, metric } = (typeof entry === 'string' ? { dataset: entry } : (entry ?? {})) as Record<string, unknown>;
  if (typeof dataset !== 'string' || dataset === '' || !isText(name) || !isText(templates) || !isText(metric)) {
    throw new VitaminError(
      'USAGE',
      `Expected a folder, or "dataset" with "name", "templates", "metric" as text, in entry ${index + 1} of ${file} but found ${JSON.stringify(entry)?.slice(0, 100)}`,
    );
  }
  const folder = resolve(dirname(file), dataset);
  const key = dataCompKey(basename(folder));
  return { name: name ?? dataCompTasks[key ?? '']?.name ?? basename(folder), dataset: folder, templates, metric };
}
