import { VitaminError } from '@vitamin-vlm/core';
import type { AnswerFile } from './answers.ts';
import { type BenchmarkPaths, findMmeTruth, findPopeLabels, findTruth, readObject } from './find-files.ts';
import { gqaPredictions, type GqaQuestion, gqaText, scoreGqa } from './gqa.ts';
import { convertMme, mmeReport, mmeText, scoreMme } from './mme.ts';
import { popeText, scorePope } from './pope.ts';
import { lineQuestions } from './questions.ts';
import { record } from './read-file.ts';
import { type BenchmarkReport, notScored, share } from './report.ts';
import { mean } from './vqa-accuracy.ts';

/** POPE: `coco/coco_pope_*.json` beside the questions. */
export async function reportPope(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const labels = await findPopeLabels(paths);
  if (!labels) return notScored('coco/coco_pope_*.json');
  const categories = new Map((await lineQuestions(paths.questions)).map(({ id, category }) => [id, category]));
  const scores = [...labels].map(([category, list]) => {
    const part = answers.filter(({ question_id: id }) => categories.get(id) === category);
    return scorePope(category, part, list);
  });
  const lines = scores.map((score) => `${popeText(score)}${'='.repeat(36)}\n`);
  const byCategory = scores.flatMap(({ category, f1, accuracy, precision, recall, yesRatio }) =>
    Object.entries({ f1, accuracy, precision, recall, 'yes ratio': yesRatio }).map(([name, value]) => [
      `${name} ${category}`,
      share(value),
    ]),
  );
  return {
    metrics: {
      f1: share(mean(scores.map(({ f1 }) => f1))),
      accuracy: share(mean(scores.map(({ accuracy }) => accuracy))),
      ...Object.fromEntries(byCategory),
    },
    text: lines.join(''),
    files: new Map(),
  };
}

/** MME: `MME_Benchmark_release_version` beside the questions, or the folder of pictures. */
export async function reportMme(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const truth = await findMmeTruth(paths);
  if (!truth) return notScored('MME_Benchmark_release_version');
  const { rows, unknown } = convertMme(answers, truth);
  if (unknown.length > 0) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected every question in MME's own files but found ${unknown.length} that are not, first ${unknown[0]}`,
      {
        hint: 'Name the folder MME_Benchmark_release_version with --annotations.',
      },
    );
  }
  const score = scoreMme(rows);
  const { Perception: perception, Cognition: cognition } = score.totals;
  return {
    metrics: { perception, cognition, ...Object.fromEntries(score.tasks) },
    text: mmeReport(score),
    files: new Map([...rows].map(([task, list]) => [`converted/${task}.txt`, mmeText(list)])),
  };
}

/** GQA: `testdev_balanced_questions.json` beside the questions, or in `data`. */
export async function reportGqa(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const files = new Map([['testdev_balanced_predictions.json', gqaPredictions(answers)]]);
  const name = 'testdev_balanced_questions.json';
  const path = await findTruth(paths, [name, `data/${name}`]);
  if (path === undefined) return notScored(name, files);
  const questions = new Map(
    Object.entries(await readObject(path)).map(([id, value]) => [id, questionOf(value, `question ${id} of ${path}`)]),
  );
  const score = scoreGqa(questions, answers);
  const given = new Set(answers.map(({ question_id: id }) => String(id)));
  const missing = [...questions].filter(([id, { isBalanced }]) => isBalanced && !given.has(id)).length;
  return {
    metrics: {
      accuracy: share(score.accuracy / 100),
      'accuracy binary': share(score.binary / 100),
      'accuracy open': share(score.open / 100),
      ...Object.fromEntries([...score.structural, ...score.semantic].map(([kind, value]) => [`accuracy ${kind}`, share(value / 100)])),
    },
    text: gqaText(score),
    files,
    ...(missing > 0 ? { open: `${missing} questions without an answer count as wrong.` } : {}),
  };
}

function questionOf(value: unknown, where: string): GqaQuestion {
  const entry = record(value, where) as unknown as GqaQuestion;
  const { question, answer, semantic, types, groups } = entry;
  const isOne = [question, answer].every((text) => typeof text === 'string') && Array.isArray(semantic) && types && groups;
  if (isOne) return entry;
  throw new VitaminError('INPUT_UNREADABLE', `Expected question, answer, semantic, types and groups in ${where} but found others`);
}
