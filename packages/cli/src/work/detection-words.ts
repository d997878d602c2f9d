import { type Label, parseLabels, parseLabelsFile } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { cocoNames, lvisNames } from '@vitamin-vlm/fvit-detection';
import { readText } from '../text-file.ts';

/** A vocabulary file is names, or the annotations of a data set of which the categories are taken. */
const MAX_VOCABULARY = 512 * 2 ** 20;
const MAX_LABELS_FILE = 16 * 2 ** 20;

/** What to look for, as the flags say it. */
export interface WordFlags {
  readonly labels: readonly string[] | undefined;
  readonly label: readonly string[] | undefined;
  readonly labelsFile: string | undefined;
  readonly vocabulary: string | undefined;
}

/**
 * The labels that the flags name; undefined for the classes that the detector was trained with.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read or holds no labels, and for empty labels.
 */
export async function readDetectionWords({ labels, label, labelsFile, vocabulary }: WordFlags): Promise<readonly Label[] | undefined> {
  if (labels || label) return parseLabels([...(labels ?? []), ...(label ?? [])]);
  if (labelsFile !== undefined) return parseLabelsFile(await readText(labelsFile, MAX_LABELS_FILE, '--labels-file'));
  if (vocabulary === undefined) return undefined;
  if (vocabulary === 'coco') return cocoNames.map(asLabel);
  if (vocabulary === 'lvis') return lvisNames.map(asLabel);
  const text = await readText(vocabulary, MAX_VOCABULARY, '--vocabulary');
  return /^\s*\{/u.test(text) ? categoryLabels(vocabulary, text) : parseLabelsFile(text);
}

/** Names of data sets are taken as they are: no letter of theirs means anything. */
function asLabel(name: string): Label {
  return { name, synonyms: [name] };
}

/** The categories of an annotation file. */
function categoryLabels(path: string, text: string): Label[] {
  const names = namesIn(text);
  if (names && names.length > 0) return names.map(asLabel);
  throw new VitaminError('USAGE', `Expected names under "categories" in --vocabulary ${path} but found none`, {
    hint: 'A vocabulary is coco, lvis, a COCO or LVIS annotation file, or a text file with a label a line.',
  });
}

function namesIn(text: string): string[] | undefined {
  try {
    const { categories } = JSON.parse(text) as { categories?: unknown };
    const names = Array.isArray(categories) ? categories.map((category: { name?: unknown } | null) => category?.name) : [];
    return names.every((name) => typeof name === 'string' && name.trim() !== '') ? (names as string[]) : undefined;
  } catch {
    return undefined; // not JSON
  }
}
