import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import {
  type Answer,
  type AnswerFile,
  answerText,
  answerTo,
  type BenchmarkQuestion,
  type BenchmarkReport,
  openBenchmark,
  readAnswers,
} from '@vitamin-vlm/llava-bridge';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Places, Scorer, Scores, Settings } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';

/** What was said to one question. */
export interface AnswerResult {
  readonly text: string;
}

/** Which questions were asked. */
export interface AnswerSettings {
  readonly benchmark: string;
  readonly questions: { readonly sha256: string };
  readonly count: number;
  /** What the answer file calls the model. */
  readonly name: string;
}

/** What is scored: questions, and what their answers are compared with. */
export interface Questions {
  readonly benchmark: string;
  readonly places: Places;
  /** Only the first were asked. */
  readonly limit?: number | undefined;
}

/** The scorer of answers that were given elsewhere. @throws VitaminError `USAGE` when the questions are not those of the run. */
export async function openAnswerScorer(settings: Settings, places: Places): Promise<Scorer<AnswerResult>> {
  const data = settings['data'] as AnswerSettings;
  const path = places['questions'];
  if (path === undefined) {
    throw new VitaminError('USAGE', 'Expected to know where the questions are but no shard says so', { hint: 'Add --questions FILE.' });
  }
  if ((await fileDigest(path)) !== data.questions.sha256) {
    throw new VitaminError('USAGE', `Expected the questions that were asked but ${path} is another file`, {
      hint: `Add --questions FILE: the one with SHA-256 ${data.questions.sha256}.`,
    });
  }
  const questions = await openBenchmark(data.benchmark).questions(path);
  return answerScorer(data, questions.slice(0, data.count), places);
}

/** Writes `answers.jsonl`, scores it, and writes the files of whoever scores the rest. */
export function answerScorer(
  { benchmark, name, count }: AnswerSettings,
  questions: readonly BenchmarkQuestion[],
  places: Places,
): Scorer<AnswerResult> {
  return {
    places,
    async score(folder, outcomes) {
      const answers: Answer[] = [];
      for await (const outcome of outcomes) {
        if ('error' in outcome) continue;
        answers.push(answerTo(questions[outcome.index]!, outcome.result.text, name, outcome.index));
      }
      await writeFileAtomic(join(folder, 'answers.jsonl'), answerText(answers));
      return await scoreAnswers(folder, { benchmark, places, limit: count }, { answers, broken: 0 });
    },
  };
}

/** Scores a file of answers of any model. @throws VitaminError as `readAnswers` and the benchmark's report. */
export async function scoreAnswerFile(folder: string, questions: Questions, path: string): Promise<Scores> {
  const file = await readAnswers(path, openBenchmark(questions.benchmark).tolerant);
  await mkdir(folder, { recursive: true });
  return await scoreAnswers(folder, questions, file);
}

async function scoreAnswers(folder: string, { benchmark, places, limit }: Questions, file: AnswerFile): Promise<Scores> {
  const { questions, annotations: truth, images } = places;
  const report = await openBenchmark(benchmark).report({ questions: questions!, truth, images, limit }, file);
  for (const [name, content] of report.files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFileAtomic(join(folder, name), content);
  }
  return { metrics: report.metrics, text: textOf(report) };
}

function textOf({ text, files, open }: BenchmarkReport): string {
  const written = files.size > 0 ? `Wrote ${[...files.keys()].join(', ')}.` : undefined;
  return [text.trimEnd(), written, open].filter((part) => part !== undefined && part !== '').join('\n');
}
