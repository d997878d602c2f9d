import { pythonJson } from '../text/python-json.ts';
import { fixedText } from '../text/python-text.ts';
import { type Answer, byQuestion } from './answers.ts';

/** What is needed of SEED-Bench.json. */
export interface SeedBench {
  readonly questions: readonly {
    readonly question_id: string | number;
    readonly question_type_id: number;
    readonly data_type: string;
    readonly answer: string;
  }[];
  /** Numbers of the kinds of questions by their names. */
  readonly question_type: Readonly<Record<string, number>>;
}

/** Percent. */
export interface SeedScore {
  /** By kind of question, in the order of their numbers. */
  readonly types: readonly (readonly [name: string, percent: number])[];
  readonly total: number;
  /** Absent where the file has no such question. */
  readonly image: number | undefined;
  readonly video: number | undefined;
  /** The answers as SEED-Bench's server takes them, and how many are missing. */
  readonly upload: string;
  readonly missing: number;
}

/** SEED-Bench's accuracy: an answer is right when it is the letter and nothing else. */
export function scoreSeed({ questions, question_type: names }: SeedBench, answers: readonly Answer[]): SeedScore {
  const given = byQuestion(answers);
  const answerOf = (id: string | number): Answer | undefined => given.get(wholeOf(id)) ?? given.get(id);
  const rows = questions.map(({ question_id: id, question_type_id: type, data_type: data, answer }) => {
    const text = answerOf(id)?.text;
    return { id, type, data, text, isRight: text === answer };
  });
  const percentOf = (part: typeof rows): number => (part.filter(({ isRight }) => isRight).length / part.length) * 100;
  const ofData = (data: string): number | undefined => {
    const part = rows.filter((row) => row.data === data);
    return part.length === 0 ? undefined : percentOf(part);
  };
  const nameOf = new Map(Object.entries(names).map(([name, id]) => [id, name]));
  const types = [...new Set(rows.map(({ type }) => type))].toSorted((a, b) => a - b);
  return {
    types: types.map((type) => [nameOf.get(type) ?? String(type), percentOf(rows.filter((row) => row.type === type))] as const),
    total: percentOf(rows),
    image: ofData('image'),
    video: ofData('video'),
    upload: rows.map(({ id, text = '' }) => `${pythonJson({ question_id: id, prediction: text })}\n`).join(''),
    missing: rows.filter(({ text }) => text === undefined).length,
  };
}

/** What LLaVA's script prints. */
export function seedText({ types, total, image, video }: SeedScore): string {
  const lines = types.map(([name, value]) => line(name, value));
  return [...lines, line('Total accuracy', total), line('image accuracy', image), line('video accuracy', video)].join('');
}

function line(name: string, percent: number | undefined): string {
  return percent === undefined ? '' : `${name}: ${fixedText(percent, 2)}%\n`;
}

/** A number where the id is one in digits: the question file writes 1 where the annotations write "1". */
function wholeOf(id: string | number): string | number {
  return typeof id === 'string' && /^\d{1,15}$/u.test(id) ? Number(id) : id;
}
