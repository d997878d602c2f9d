import { VitaminError } from '@vitamin-vlm/core';
import type { AnswerFile } from './answers.ts';
import { type BenchmarkPaths, findTruth, readListIn, readObject } from './find-files.ts';
import { mmBenchRows, mmBenchSubmission, scoreMmBench } from './mmbench.ts';
import { idOf, readText, record } from './read-file.ts';
import { type BenchmarkReport, notScored, share } from './report.ts';
import { type ScienceProblem, scienceText, scoreScience } from './science-qa.ts';
import { scoreSeed, type SeedBench, seedText } from './seed-bench.ts';
import { readTable } from './tab-table.ts';
import { workbook } from './workbook.ts';

/** ScienceQA: `problems.json` and `pid_splits.json` beside the questions. */
export async function reportScience(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const [problemFile, splitFile] = [await findTruth(paths, ['problems.json']), await findTruth(paths, ['pid_splits.json'])];
  if (problemFile === undefined || splitFile === undefined) return notScored('problems.json with pid_splits.json');
  const problems = new Map(Object.entries(await readObject(problemFile))) as Map<string, ScienceProblem>;
  const ids = (await readListIn(splitFile, 'test')).map(String);
  const unknown = ids.find((id) => !Array.isArray(problems.get(id)?.choices) || !Number.isInteger(problems.get(id)?.answer));
  if (unknown !== undefined) throw new VitaminError('INPUT_UNREADABLE', `Expected problem ${unknown} in ${problemFile} but found none`);
  const score = scoreScience(ids, problems, answers);
  const { correct, total, pictures, output, result } = score;
  return {
    metrics: { accuracy: share(correct / total), 'accuracy with picture': share(pictures.correct / pictures.total) },
    text: scienceText(score),
    files: new Map([
      ['output.json', output],
      ['result.json', result],
    ]),
  };
}

/** SEED-Bench: `SEED-Bench.json` beside the questions. */
export async function reportSeed(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const path = await findTruth(paths, ['SEED-Bench.json']);
  if (path === undefined) return notScored('SEED-Bench.json');
  const questions = (await readListIn(path, 'questions')).map((value, i) => record(value, `question ${i + 1} of ${path}`));
  for (const [i, question] of questions.entries()) idOf(question, 'question_id', `question ${i + 1} of ${path}`);
  const names = record((await readObject(path))['question_type'], `question_type of ${path}`);
  const score = scoreSeed({ questions, question_type: names } as unknown as SeedBench, answers);
  const { types, total, image, video, upload, missing } = score;
  const kinds = types.map(([name, percent]) => [`accuracy ${name}`, share(percent / 100)] as const);
  return {
    metrics: {
      accuracy: share(total / 100),
      ...(image === undefined ? {} : { 'accuracy image': image / 100 }),
      ...(video === undefined ? {} : { 'accuracy video': video / 100 }),
      ...Object.fromEntries(kinds),
    },
    text: seedText(score),
    files: new Map([['upload.jsonl', upload]]),
    ...(missing > 0 ? { open: `${missing} questions without an answer count as wrong.` } : {}),
  };
}

/** MMBench: the table holds the answers of its dev split. */
export async function reportMmBench({ questions: path }: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const table = readTable(await readText(path), path);
  const rows = mmBenchRows(table, path);
  const files = new Map([['upload.xlsx', workbook(mmBenchSubmission(table, answers))]]);
  const server = 'upload.xlsx is what its server takes';
  if (rows.some(({ answer }) => answer === undefined)) {
    return { metrics: {}, text: '', files, open: `Not scored: this split comes without its answers; ${server}.` };
  }
  const { accuracy, categories, unread } = scoreMmBench(rows, answers);
  const names = Object.entries(categories).map(([name, value]) => [`accuracy ${name}`, value] as const);
  return {
    metrics: { accuracy, ...Object.fromEntries(names) },
    text: `Circular accuracy, a group right when all turns of its options are: ${(100 * accuracy).toFixed(2)}%`,
    files,
    open: `No judge was asked: ${unread} of ${rows.length} answers hold no option that could be read, and count as wrong; ${server}.`,
  };
}
