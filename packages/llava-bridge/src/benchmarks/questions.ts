import { VitaminError } from '@vitamin-vlm/core';
import { pythonStrip } from '../text/python-text.ts';
import type { Answer } from './answers.ts';
import { mmBenchRounds, mmBenchRows, mmBenchSuffix } from './mmbench.ts';
import { idOf, list, readJson, readJsonLines, readText, record, textOf } from './read-file.ts';
import type { ScienceQuestion } from './science-qa.ts';
import { readTable } from './tab-table.ts';

/** One question as a benchmark asks it. */
export interface BenchmarkQuestion {
  readonly id: string | number;
  /** What is recorded in the answer file. */
  readonly prompt: string;
  /** What is said to the model, below the picture. */
  readonly asked: string;
  /** The picture: a path below the folder of images, or its bytes. Absent: a question without one. */
  readonly image?: string | Uint8Array | undefined;
  readonly category?: string | undefined;
  /** What else the answer file holds of it. */
  readonly fields?: Pick<Answer, 'round_id' | 'options' | 'option_char'>;
}

const LETTER = mmBenchSuffix.en;

/** Questions of a file of one `{question_id, image, text, category}` a line. @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`. */
export async function lineQuestions(path: string): Promise<BenchmarkQuestion[]> {
  return (await readJsonLines(path)).map((line, i): BenchmarkQuestion => {
    const where = `line ${i + 1} of ${path}`;
    const text = textOf(line, 'text', where);
    const { category } = line;
    return {
      id: idOf(line, 'question_id', where),
      prompt: text,
      asked: text,
      image: textOf(line, 'image', where),
      ...(typeof category === 'string' ? { category } : {}),
    };
  });
}

/** Questions of ScienceQA as LLaVA's conversion writes them, `llava_test_CQM-A.json`. */
export async function scienceFileQuestions(path: string): Promise<BenchmarkQuestion[]> {
  return list(await readJson(path), path).map((value, i): BenchmarkQuestion => {
    const where = `question ${i + 1} of ${path}`;
    const { id, image, conversations } = record(value, where) as unknown as ScienceQuestion;
    const said = conversations?.[0]?.value as unknown;
    if (typeof id !== 'string' || typeof said !== 'string' || !['string', 'undefined'].includes(typeof image)) {
      throw new VitaminError('INPUT_UNREADABLE', `Expected id, image and conversations in ${where} but found others`, {
        hint: "Convert ScienceQA's problems with LLaVA's convert_sqa_to_llava.",
      });
    }
    return scienceAsked(id, said, image);
  });
}

/** A question of ScienceQA in the form in which LLaVA asks and records it. */
export function scienceAsked(id: string, said: string, image?: string): BenchmarkQuestion {
  const asked = `${pythonStrip(said.replaceAll('<image>', ''))}\n${LETTER}`;
  return { id, prompt: image === undefined ? asked : `<image>\n${asked}`, asked, image };
}

/** Questions of MMBench's table. @param rounds - Whether each is asked once for every turn of its options. */
export async function mmBenchFileQuestions(path: string, language: 'en' | 'cn', rounds: boolean = false): Promise<BenchmarkQuestion[]> {
  return mmBenchRows(readTable(await readText(path), path), path).flatMap((row) => {
    const image = Buffer.from(row.image, 'base64');
    return mmBenchRounds(row)
      .slice(0, rounds ? undefined : 1)
      .map(({ prompt, options, letters }, round): BenchmarkQuestion => {
        const fields = { round_id: round, options, option_char: letters };
        return { id: row.index, prompt, asked: `${prompt}\n${mmBenchSuffix[language]}`, image, category: row.category, fields };
      });
  });
}

/** The answer to a question as LLaVA's scripts record it. @param place - Of the question in its file, from 0. */
export function answerTo(question: BenchmarkQuestion, text: string, model: string, place: number): Answer {
  const { id, prompt, fields } = question;
  const answer = `id${String(place + 1).padStart(5, '0')}`;
  return { question_id: id, prompt, text: pythonStrip(text), answer_id: answer, model_id: model, ...fields };
}
