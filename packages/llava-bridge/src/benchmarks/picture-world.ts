import type { AnswerFile } from './answers.ts';
import { type BenchmarkPaths, readListIn } from './find-files.ts';
import { normalizeAnswer } from './normalize-answer.ts';
import { idOf, record, textOf } from './read-file.ts';
import type { BenchmarkQuestion } from './questions.ts';
import { type BenchmarkReport, share } from './report.ts';
import { mean, push } from './vqa-accuracy.ts';

/** The questions of a picture-world data set, `annotations/questions.json`. @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`. */
export async function worldQuestions(path: string): Promise<BenchmarkQuestion[]> {
  const names = new Map<string | number, string>();
  for (const [i, value] of (await readListIn(path, 'images')).entries()) {
    const where = `image ${i + 1} of ${path}`;
    names.set(idOf(record(value, where), 'id', where), textOf(record(value, where), 'file_name', where));
  }
  return (await readEntries(path)).map(({ id, picture, question, kind }) => {
    const image = names.get(picture);
    return { id, prompt: question, asked: question, category: kind, ...(image === undefined ? {} : { image }) };
  });
}

/** Exact match after the normalization of VQA servers, over all questions and by their kind. One without an answer counts as wrong. */
export async function reportWorld({ questions: path, limit }: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const given = new Map(answers.map(({ question_id: id, text }) => [id, text]));
  const all: number[] = [];
  const kinds = new Map<string, number[]>();
  for (const { id, kind, answer } of (await readEntries(path)).slice(0, limit)) {
    const text = given.get(id);
    const hit = text !== undefined && normalizeAnswer(text) === normalizeAnswer(answer) ? 1 : 0;
    all.push(hit);
    push(kinds, kind, hit);
  }
  const rows = [['accuracy', all] as const, ...[...kinds].map(([kind, hits]) => [`accuracy ${kind}`, hits] as const)];
  return {
    metrics: Object.fromEntries(rows.map(([name, hits]) => [name, hits.length === 0 ? null : share(mean(hits))])),
    text: rows.map(([name, hits]) => `${name}: ${(100 * mean(hits)).toFixed(2)}% of ${hits.length}`).join('\n'),
    files: new Map(),
  };
}

interface Entry {
  readonly id: string | number;
  readonly picture: string | number;
  readonly kind: string;
  readonly question: string;
  readonly answer: string;
}

async function readEntries(path: string): Promise<Entry[]> {
  return (await readListIn(path, 'annotations')).map((value, i): Entry => {
    const where = `annotation ${i + 1} of ${path}`;
    const entry = record(value, where);
    return {
      id: idOf(entry, 'id', where),
      picture: idOf(entry, 'image_id', where),
      kind: textOf(entry, 'question_type', where),
      question: textOf(entry, 'question', where),
      answer: textOf(entry, 'answer', where),
    };
  });
}
