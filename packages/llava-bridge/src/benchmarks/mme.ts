import { floatText } from '../text/python-json.ts';
import { pythonStrip } from '../text/python-text.ts';
import type { Answer } from './answers.ts';
import { mean } from './vqa-accuracy.ts';

/** MME's tasks by what they measure. */
export const mmeTasks: Readonly<Record<'Perception' | 'Cognition', readonly string[]>> = {
  Perception: ['existence', 'count', 'position', 'color', 'posters', 'celebrity', 'scene', 'landmark', 'artwork', 'OCR'],
  Cognition: ['commonsense_reasoning', 'numerical_calculation', 'text_translation', 'code_reasoning'],
};

const SHORT = 'Answer the question using a single word or phrase.';
const YES_NO = ' Please answer yes or no.';

/** One line of a converted file. */
export interface MmeRow {
  readonly file: string;
  readonly question: string;
  readonly truth: string;
  readonly answer: string;
}

/** What MME's own files say: `key` of task, file and question. */
export type MmeTruth = ReadonlyMap<string, string>;

/** The key of `MmeTruth`. */
export function mmeKey(task: string, file: string, question: string): string {
  return JSON.stringify([task, file, question]);
}

/** Points of the tasks; their sums by group. A task without rows is not in it. */
export interface MmeScore {
  readonly tasks: ReadonlyMap<string, number>;
  readonly totals: Readonly<Record<'Perception' | 'Cognition', number>>;
}

/**
 * Answers as MME's calculation reads them, by task: the question as its own files spell it, the truth, the answer.
 *
 * @returns Also the questions that MME's files do not hold.
 */
export function convertMme(answers: readonly Answer[], truth: MmeTruth): { rows: Map<string, MmeRow[]>; unknown: string[] } {
  const rows = new Map<string, MmeRow[]>();
  const unknown: string[] = [];
  for (const { question_id: id, prompt, text } of answers) {
    const parts = String(id).split('/');
    const task = parts[0]!;
    const file = `${parts.at(-1)!.split('.')[0]}.txt`;
    let question = prompt.includes(SHORT) ? pythonStrip(prompt.replaceAll(SHORT, '')) : prompt;
    if (!question.includes(YES_NO.trim())) {
      question += YES_NO;
      // Some of MME's own questions have two spaces there.
      if (!truth.has(mmeKey(task, file, question))) question = question.replaceAll(YES_NO, ` ${YES_NO}`);
    }
    const found = truth.get(mmeKey(task, file, question));
    if (found === undefined) unknown.push(`${task}/${file}: ${question}`);
    else {
      if (!rows.has(task)) rows.set(task, []);
      rows.get(task)!.push({ file, question, truth: found, answer: text });
    }
  }
  return { rows, unknown };
}

/** A task's converted file. White space inside of an answer becomes a space: a line has four columns. */
export function mmeText(rows: readonly MmeRow[]): string {
  return rows
    .map(({ file, question, truth, answer }) => `${[file, question, truth, answer.replaceAll(/[\t\n\r]+/gu, ' ')].join('\t')}\n`)
    .join('');
}

/** What MME takes an answer for: exactly yes or no, else what its first four characters hold. */
function mmeAnswer(text: string): 'yes' | 'no' | 'other' {
  const lower = text.toLowerCase();
  if (lower === 'yes' || lower === 'no') return lower;
  const start = Array.from(lower).slice(0, 4).join('');
  return start.includes('yes') ? 'yes' : start.includes('no') ? 'no' : 'other';
}

/** MME's points: 100 for all questions right, and 100 for both questions of every picture right. Two lines in a row are a picture's. */
export function scoreMme(rows: ReadonlyMap<string, readonly MmeRow[]>): MmeScore {
  const tasks = new Map<string, number>();
  for (const [task, list] of rows) {
    const hits = list.map(({ truth, answer }) => (mmeAnswer(answer) === truth.toLowerCase() ? 1 : 0));
    const pairs = hits.filter((_, i) => i % 2 === 0).map((hit, i) => (hit + (hits[2 * i + 1] ?? 0) === 2 ? 1 : 0));
    tasks.set(task, mean(hits) * 100 + mean(pairs) * 100);
  }
  const total = (names: readonly string[]): number => names.reduce((sum, name) => sum + (tasks.get(name) ?? 0), 0);
  return { tasks, totals: { Perception: total(mmeTasks.Perception), Cognition: total(mmeTasks.Cognition) } };
}

/** What MME's calculation prints. */
export function mmeReport({ tasks, totals }: MmeScore): string {
  const groups = Object.entries(mmeTasks).map(([group, names]) => {
    const lines = names.filter((name) => tasks.has(name)).map((name) => `\t ${name}  score: ${floatText(tasks.get(name)!)}`);
    return [`=========== ${group} ===========`, `total score: ${floatText(totals[group as 'Perception'])} \n`, ...lines, '\n', ''].join(
      '\n',
    );
  });
  return groups.join('');
}
