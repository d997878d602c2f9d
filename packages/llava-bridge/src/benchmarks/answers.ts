import { pythonLines } from '../text/python-text.ts';
import { pythonJson } from '../text/python-json.ts';
import { idOf, parseJsonLines, readText, record, textOf } from './read-file.ts';

/** One line of an answer file, with the names that LLaVA's scripts give its members. */
export interface Answer {
  readonly question_id: string | number;
  /** The question as it was asked, without the picture. */
  readonly prompt: string;
  /** The model's answer, without white space at its ends. */
  readonly text: string;
  readonly answer_id?: string | number | undefined;
  readonly model_id?: string | undefined;
  /** MMBench: how far its options were rotated. */
  readonly round_id?: number | undefined;
  readonly options?: readonly string[] | undefined;
  readonly option_char?: readonly string[] | undefined;
}

/** Answers of a file, and how many of its lines were broken. */
export interface AnswerFile {
  readonly answers: readonly Answer[];
  readonly broken: number;
}

/**
 * Reads an answer file: a JSON object a line.
 *
 * @param tolerant - Whether broken lines are counted and left out, as the converters of VQAv2 and VizWiz do.
 * @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE` that names the line and the member.
 * @example
 * ```ts
 * import { readAnswers } from '@vitamin-vlm/llava-bridge';
 * const { answers } = await readAnswers('pope/answers/llava-v1.5-7b.jsonl');
 * console.log(answers[0]?.question_id, answers[0]?.text);
 * ```
 */
export async function readAnswers(path: string, tolerant: boolean = false): Promise<AnswerFile> {
  return parseAnswers(await readText(path), path, tolerant);
}

/** `readAnswers` for a text. */
export function parseAnswers(text: string, path: string, tolerant: boolean = false): AnswerFile {
  const lines = tolerant ? pythonLines(text).filter(isJson).join('\n') : text;
  const answers = parseJsonLines(lines, path).map((line, i) => answerOf(line, `line ${i + 1} of ${path}`));
  return { answers, broken: tolerant ? pythonLines(text).length - answers.length : 0 };
}

/** An answer file's text, byte for byte as LLaVA's scripts write it: their order of members, Python's JSON. */
export function answerText(answers: readonly Answer[]): string {
  return answers.map((answer) => `${pythonJson(ordered(answer))}\n`).join('');
}

/** The last answer of every question. */
export function byQuestion(answers: readonly Answer[]): Map<string | number, Answer> {
  return new Map(answers.map((answer) => [answer.question_id, answer]));
}

function ordered(answer: Answer): Record<string, unknown> {
  const { question_id, round_id, prompt, text, options, option_char, answer_id = '', model_id = '' } = answer;
  if (round_id === undefined) return { question_id, prompt, text, answer_id, model_id, metadata: {} };
  return { question_id, round_id, prompt, text, options, option_char, answer_id, model_id, metadata: {} };
}

function answerOf(line: Record<string, unknown>, where: string): Answer {
  const { prompt = '', answer_id, model_id, round_id, options, option_char } = line as unknown as Partial<Answer>;
  return {
    question_id: idOf(line, 'question_id', where),
    prompt: typeof prompt === 'string' ? prompt : '',
    text: textOf(line, 'text', where),
    answer_id,
    model_id,
    round_id,
    options,
    option_char,
  };
}

function isJson(line: string): boolean {
  try {
    record(JSON.parse(line), '');
    return true;
  } catch {
    return false;
  }
}
