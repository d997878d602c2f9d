import { existsSync } from 'node:fs';
import { type Label, parseLabels, parseLabelsFile } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { type ClassList, readClassList, type VocabularyName, vocabularyNames } from '@vitamin-vlm/fcclip-segmentation';
import { readText } from '../text-file.ts';

/** A vocabulary file is names, or the annotations of a data set of which the categories are taken. */
const MAX_VOCABULARY = 512 * 2 ** 20;
const MAX_LABELS_FILE = 16 * 2 ** 20;
/** Short names of lists. */
const ALIASES: Readonly<Record<string, VocabularyName>> = { coco: 'coco-panoptic', ade20k: 'ade20k-150' };

/** What to look for, as the flags say it. */
export interface SegmentWordFlags {
  readonly labels: readonly string[] | undefined;
  readonly label: readonly string[] | undefined;
  readonly labelsFile: string | undefined;
  readonly vocabulary: string | undefined;
}

/** Labels, and which of them are things where the list says so. */
export interface SegmentWordList extends Omit<ClassList, 'things'> {
  readonly things?: readonly boolean[];
}

/**
 * The labels that the flags name; undefined for the classes that the segmenter was trained with.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read or holds no labels, and for empty labels.
 */
export async function readSegmentWords({ labels, label, labelsFile, vocabulary }: SegmentWordFlags): Promise<SegmentWordList | undefined> {
  if (labels || label) return { labels: parseLabels([...(labels ?? []), ...(label ?? [])]) };
  if (labelsFile !== undefined) return { labels: parseLabelsFile(await readText(labelsFile, MAX_LABELS_FILE, '--labels-file')) };
  if (vocabulary === undefined) return undefined;
  const name = ALIASES[vocabulary] ?? vocabularyNames.find((known) => known === vocabulary);
  if (name !== undefined) return await readClassList(name);
  if (!existsSync(vocabulary)) {
    throw new VitaminError('USAGE', `Expected the name of a list or a file for --vocabulary but ${vocabulary} is neither`, {
      hint: `Lists: ${[...Object.keys(ALIASES), ...vocabularyNames].join(', ')}.`,
    });
  }
  const text = await readText(vocabulary, MAX_VOCABULARY, '--vocabulary');
  return /^\s*\{/u.test(text) ? categoriesIn(vocabulary, text) : { labels: parseLabelsFile(text) };
}

/** The categories of an annotation file, with their ids; panoptic ones say what is a thing. */
function categoriesIn(path: string, text: string): SegmentWordList {
  const categories = parsed(text);
  if (!categories || categories.length === 0) {
    throw new VitaminError('USAGE', `Expected names under "categories" in --vocabulary ${path} but found none`, {
      hint: 'A vocabulary is a list by name, a COCO annotation file, or a text file with a label a line.',
    });
  }
  // Names of data sets are taken as they are: no letter of theirs means anything.
  const labels = categories.map(({ id, name }): Label => ({ name, synonyms: [name], ...(id === undefined ? {} : { id }) }));
  const things = categories.every(({ isthing }) => isthing !== undefined);
  return { labels, ...(things ? { things: categories.map(({ isthing }) => isthing === 1) } : {}) };
}

interface Category {
  readonly id?: number;
  readonly name: string;
  readonly isthing?: 0 | 1;
}

function parsed(text: string): Category[] | undefined {
  let found: unknown;
  try {
    ({ categories: found } = JSON.parse(text) as { categories?: unknown });
  } catch {
    return undefined; // not JSON
  }
  if (!Array.isArray(found)) return undefined;
  const categories = found.map((entry: Partial<Record<keyof Category, unknown>> | null): Category | undefined => {
    const { id, name, isthing } = entry ?? {};
    if (typeof name !== 'string' || name.trim() === '') return undefined;
    const number = Number.isSafeInteger(id) ? { id: id as number } : {};
    return { name, ...number, ...(isthing === 0 || isthing === 1 ? { isthing } : {}) };
  });
  return categories.includes(undefined) ? undefined : (categories as Category[]);
}
