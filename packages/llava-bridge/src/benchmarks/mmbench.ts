import { VitaminError } from '@vitamin-vlm/core';
import { type Answer, byQuestion } from './answers.ts';
import type { Cell, Table } from './tab-table.ts';
import { mean, push } from './vqa-accuracy.ts';

const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** A row of MMBench's table. */
export interface MmBenchRow {
  readonly index: number;
  /** With the hint before it. */
  readonly question: string;
  /** Hint, question and options, a line each: what is recorded as the prompt. */
  readonly prompt: string;
  /** Up to the first that is missing. */
  readonly options: readonly string[];
  /** JPEG or PNG in base64. */
  readonly image: string;
  /** Texts of all options that are there, by letter. */
  readonly choices: ReadonlyMap<string, string>;
  /** A letter; absent in test splits. */
  readonly answer?: string;
  readonly category?: string;
}

/** What follows the prompt when it is asked. */
export const mmBenchSuffix: Readonly<Record<'en' | 'cn', string>> = {
  en: "Answer with the option's letter from the given choices directly.",
  cn: '请直接回答选项字母。',
};

/** Rows of MMBench's table. @throws VitaminError `INPUT_UNREADABLE` for missing columns or cells. */
export function mmBenchRows({ columns, rows }: Table, path: string): MmBenchRow[] {
  const place = new Map(columns.map((name, i) => [name, i]));
  for (const name of ['index', 'question', 'image', 'A', 'B']) {
    if (!place.has(name))
      throw new VitaminError('INPUT_UNREADABLE', `Expected a column "${name}" in ${path} but found ${columns.join(', ')}`);
  }
  return rows.map((row, i) => {
    const cell = (name: string): Cell => (place.has(name) ? row[place.get(name)!]! : null);
    const index = cell('index');
    const [question, image] = [cell('question'), cell('image')];
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || question === null || image === null) {
      throw new VitaminError('INPUT_UNREADABLE', `Expected index, question and image in row ${i + 1} of ${path} but found one missing`);
    }
    const texts = LETTERS.map((letter) => cell(letter));
    const missing = texts.indexOf(null);
    const options = texts.slice(0, missing === -1 ? LETTERS.length : missing).map(String);
    const [hint, answer, category] = [cell('hint'), cell('answer'), cell('category')];
    const asked = hint === null ? String(question) : `${hint}\n${question}`;
    return {
      index,
      question: asked,
      prompt: promptOf(asked, options),
      options,
      image: String(image),
      choices: new Map(LETTERS.flatMap((letter, n) => (texts[n] === null ? [] : [[letter, String(texts[n])] as const]))),
      ...(answer === null ? {} : { answer: String(answer) }),
      ...(category === null ? {} : { category: String(category) }),
    };
  });
}

/** The rounds of a row with its options turned by one each time, as `--all-rounds` of LLaVA's script asks them. */
export function mmBenchRounds({
  question,
  options,
}: MmBenchRow): { prompt: string; options: readonly string[]; letters: readonly string[] }[] {
  return options.map((_, round) => {
    const turned = [...options.slice(round), ...options.slice(0, round)];
    const letters = LETTERS.slice(0, options.length);
    return { prompt: promptOf(question, turned), options: turned, letters: [...letters.slice(round), ...letters.slice(0, round)] };
  });
}

/** Columns that do not go to the server. */
const DROPPED = ['hint', 'category', 'source', 'image', 'comment', 'l2-category'];
/** Place of the predictions. */
const PREDICTION = 6;

/** The submission: the table with the predictions as its seventh column. The last answer of a row counts. */
export function mmBenchSubmission({ columns, rows }: Table, answers: readonly Answer[]): Table {
  const given = byQuestion(answers);
  const kept = columns.flatMap((name, i) => (DROPPED.includes(name) ? [] : [i]));
  const index = columns.indexOf('index');
  return {
    columns: kept.map((i) => columns[i]!).toSpliced(PREDICTION, 0, 'prediction'),
    rows: rows.map((row) => kept.map((i): Cell => row[i]!).toSpliced(PREDICTION, 0, given.get(row[index] as number)?.text ?? null)),
  };
}

/** What a judge that is no model makes of an answer: a letter, `Z` for a refusal, undefined where it cannot tell. The rules of VLMEvalKit. */
export function mmBenchLetter(answer: string, choices: ReadonlyMap<string, string>): string | undefined {
  return letterIn(answer, choices) ?? choiceIn(answer.toLowerCase(), choices);
}

/** Groups of rotated rows (equal index modulo a million) by their first row's index: 1 where every row is right. */
export interface MmBenchScore {
  readonly hits: ReadonlyMap<number, 0 | 1>;
  readonly accuracy: number;
  readonly categories: Readonly<Record<string, number>>;
  /** Answers in which no letter was found: a judge that is a model would look at them. */
  readonly unread: number;
}

/** Circular accuracy without a judge. @param rows - With answers. */
export function scoreMmBench(rows: readonly MmBenchRow[], answers: readonly Answer[]): MmBenchScore {
  const given = byQuestion(answers);
  const groups = new Map<number, boolean[]>();
  let unread = 0;
  for (const { index, answer, choices } of rows) {
    const text = given.get(index)?.text;
    const letter = text === undefined ? undefined : mmBenchLetter(text, choices);
    if (letter === undefined) unread++;
    push(groups, index % 1e6, letter === answer);
  }
  const hits = new Map<number, 0 | 1>();
  const categories = new Map<string, number[]>();
  for (const { index, category } of rows) {
    if (index >= 1e6) continue;
    const hit = groups.get(index)!.every(Boolean) ? 1 : 0;
    hits.set(index, hit);
    if (category !== undefined) push(categories, category, hit);
  }
  const byCategory = [...categories].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => [name, mean(list)] as const);
  return { hits, accuracy: mean([...hits.values()]), categories: Object.fromEntries(byCategory), unread };
}

const REFUSALS = [
  "Sorry, I can't help with images of people yet.",
  "I can't process this file.",
  "I'm sorry, but without the image provided",
  'Cannot determine the answer',
];
/** A letter counts among the last words alone. */
const LAST_WORDS = 5;

function letterIn(answer: string, choices: ReadonlyMap<string, string>): string | undefined {
  if (answer.includes('Failed to obtain answer via API')) return undefined;
  if (REFUSALS.some((refusal) => answer.includes(refusal))) return 'Z';
  const words = answer
    .replaceAll(/[.()[\],:;!*#{}]/gu, ' ')
    .split(/\s+/u)
    .filter((word) => word !== '');
  const found = [...choices.keys()].filter((letter) => words.includes(letter));
  if (found.length === 1 && words.indexOf(found[0]!) > words.length - LAST_WORDS) return found[0];
  if (found.length === 0 && words.includes('Z')) return 'Z';
  const said = /(?:correct\s+)?answer\s+is\s+\**([abcd])\**/iu.exec(answer)?.[1]?.toUpperCase();
  return said !== undefined && choices.has(said) ? said : undefined;
}

/** The one choice whose text stands in an answer that is not much longer than all of them. */
function choiceIn(answer: string, choices: ReadonlyMap<string, string>): string | undefined {
  const size = [...choices.values()].reduce((sum, text) => sum + Array.from(text).length, 0);
  if (Array.from(answer).length > 2 * size) return undefined;
  const found = [...choices].filter(([, text]) => answer.includes(text.toLowerCase()));
  return found.length === 1 ? found[0]![0] : undefined;
}

function promptOf(question: string, options: readonly string[]): string {
  return [question, ...options.map((option, i) => `${LETTERS[i]}. ${option}`)].join('\n');
}
