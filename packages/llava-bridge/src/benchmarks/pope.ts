import { floatText } from '../text/python-json.ts';
import { fixedText } from '../text/python-text.ts';
import type { Answer } from './answers.ts';

/** POPE's numbers for one of its three categories. */
export interface PopeScore {
  readonly category: string;
  readonly samples: number;
  readonly counts: { readonly tp: number; readonly fp: number; readonly tn: number; readonly fn: number };
  /** NaN where nothing is to be divided by: the original stops there. */
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly yesRatio: number;
}

/** What POPE takes an answer for: no as soon as a word of its first sentence is "No", "no" or "not". */
export function popeAnswer(text: string): 'yes' | 'no' {
  const words = text.split('.')[0]!.replaceAll(',', '').split(' ');
  return ['No', 'not', 'no'].some((word) => words.includes(word)) ? 'no' : 'yes';
}

/**
 * POPE's score of a category. Answers and labels belong together by their order, as in the original.
 *
 * @param answers - Those of the category.
 * @param labels - `yes` or `no`, of `coco_pope_{category}.json`.
 */
export function scorePope(category: string, answers: readonly Answer[], labels: readonly string[]): PopeScore {
  let [tp, fp, tn, fn, yes] = [0, 0, 0, 0, 0];
  for (const [i, { text }] of answers.entries()) {
    const says = popeAnswer(text) === 'yes';
    if (says) yes++;
    if (i >= labels.length) continue;
    const is = labels[i] !== 'no';
    if (says && is) tp++;
    else if (says) fp++;
    else if (is) fn++;
    else tn++;
  }
  const precision = tp / (tp + fp);
  const recall = tp / (tp + fn);
  return {
    category,
    samples: answers.length,
    counts: { tp, fp, tn, fn },
    accuracy: (tp + tn) / (tp + tn + fp + fn),
    precision,
    recall,
    f1: (2 * precision * recall) / (precision + recall),
    yesRatio: yes / answers.length,
  };
}

/** The block that POPE's script prints for a category, without its closing line. */
export function popeText({ category, samples, counts, accuracy, precision, recall, f1, yesRatio }: PopeScore): string {
  const { tp, fp, tn, fn } = counts;
  return [
    `Category: ${category}, # samples: ${samples}`,
    'TP\tFP\tTN\tFN\t',
    [tp, fp, tn, fn].join('\t'),
    `Accuracy: ${floatText(accuracy)}`,
    `Precision: ${floatText(precision)}`,
    `Recall: ${floatText(recall)}`,
    `F1 score: ${floatText(f1)}`,
    `Yes ratio: ${floatText(yesRatio)}`,
    [f1, accuracy, precision, recall, yesRatio].map((value) => fixedText(value, 3)).join(', '),
    '',
  ].join('\n');
}
