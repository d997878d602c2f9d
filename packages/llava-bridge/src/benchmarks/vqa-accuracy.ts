import { pythonRound } from '../text/python-text.ts';
import { normalizeAnswer, normalizeWords, oneLine, removePunctuation } from './normalize-answer.ts';

/** One question of VQAv2's or VizWiz' annotations: what ten people answered. */
export interface VqaAnnotation {
  readonly question_id: number | string;
  readonly answers: readonly { readonly answer: string }[];
  readonly question_type?: string | undefined;
  readonly answer_type?: string | undefined;
}

/** Percent, with two decimals. */
export interface VqaAccuracy {
  readonly overall: number;
  readonly perQuestionType: Readonly<Record<string, number>>;
  readonly perAnswerType: Readonly<Record<string, number>>;
  /** In the order of the annotations. */
  readonly perQuestion: ReadonlyMap<number | string, number>;
}

/**
 * The share of people who agree, 0 to 1: the mean over all people of min(1, others who gave this answer / 3).
 *
 * @param answers - What people answered, normalized.
 */
function agreement(answer: string, answers: readonly string[]): number {
  let [sum, count] = [0, 0];
  for (const given of answers) if (given === answer) count++;
  for (const given of answers) sum += Math.min(1, (count - (given === answer ? 1 : 0)) / 3);
  return answers.length === 0 ? 0 : sum / answers.length;
}

/** TextVQA's score of one answer: both sides through `normalizeAnswer`. */
export function softScore(answer: string, answers: readonly string[]): number {
  return agreement(normalizeAnswer(answer), answers.map(normalizeAnswer));
}

/**
 * The accuracy of the VQA authors' script: where all people gave the same answer it is compared as it is, else both sides lose punctuation, articles and number words.
 *
 * @param results - Answers by question; a question without one counts as wrong.
 * @example
 * ```ts
 * import { vqaAccuracy } from '@vitamin-vlm/llava-bridge';
 * const answers = ['two', '2', 'two', 'three'].map((answer) => ({ answer }));
 * console.log(vqaAccuracy([{ question_id: 1, answers }], new Map([[1, '2']])).overall); // 75
 * ```
 */
export function vqaAccuracy(annotations: readonly VqaAnnotation[], results: ReadonlyMap<number | string, string>): VqaAccuracy {
  const all: number[] = [];
  const byQuestion = new Map<string, number[]>();
  const byAnswer = new Map<string, number[]>();
  const perQuestion = new Map<number | string, number>();
  for (const { question_id: id, answers, question_type: questionType, answer_type: answerType } of annotations) {
    const result = results.get(id);
    const given = answers.map(({ answer }) => oneLine(answer));
    const normalize = new Set(given).size > 1 ? (text: string): string => normalizeWords(removePunctuation(text)) : (text: string) => text;
    const score = result === undefined ? 0 : agreement(normalize(oneLine(result)), given.map(normalize));
    all.push(score);
    perQuestion.set(id, percent([score]));
    if (questionType !== undefined) push(byQuestion, questionType, score);
    if (answerType !== undefined) push(byAnswer, answerType, score);
  }
  return { overall: percent(all), perQuestionType: percents(byQuestion), perAnswerType: percents(byAnswer), perQuestion };
}

/** Adds to a list of a map. */
export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** 0 to 1; 0 for none. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(scores: readonly number[]): number {
  return pythonRound((100 * scores.reduce((sum, score) => sum + score, 0)) / Math.max(1, scores.length), 2);
}

function percents(map: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  return Object.fromEntries([...map].map(([name, scores]) => [name, percent(scores)]));
}
