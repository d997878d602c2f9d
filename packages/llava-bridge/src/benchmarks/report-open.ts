import { VitaminError } from '@vitamin-vlm/core';
import { basename } from 'node:path';
import { pythonJson } from '../text/python-json.ts';
import { type AnswerFile, byQuestion, readAnswers } from './answers.ts';
import { type BenchmarkPaths, findTruth, readListIn, readObject } from './find-files.ts';
import { judgeRequests, type JudgeMaterial, type Review, reviewsText, scoreReviews } from './llava-wild.ts';
import { mmVetResults } from './mm-vet.ts';
import { idOf, list, readJson, readJsonLines, record, textOf } from './read-file.ts';
import { lineQuestions } from './questions.ts';
import { type BenchmarkReport, notScored, share } from './report.ts';
import { scoreTextVqa, type TextVqaAnnotation, textVqaText } from './text-vqa.ts';
import { mean, type VqaAccuracy, vqaAccuracy, type VqaAnnotation } from './vqa-accuracy.ts';
import { vqav2Submission, vizwizSubmission } from './vqa-submission.ts';

/** VQAv2: the submission for its server; with annotations of the val split (`--annotations`) the accuracy. */
export async function reportVqav2(paths: BenchmarkPaths, file: AnswerFile): Promise<BenchmarkReport> {
  const all = paths.truth === undefined ? await findTruth(paths, ['llava_vqav2_mscoco_test2015.jsonl']) : undefined;
  const split = await lineQuestions(all ?? paths.questions);
  const { text, summary } = vqav2Submission(
    split.map(({ id }) => ({ question_id: id })),
    file,
  );
  const files = new Map([['upload.json', text]]);
  if (paths.truth === undefined) return ofServer(summary, files);
  const annotations = (await readListIn(paths.truth, 'annotations')).map((value, i) =>
    annotationOf(value, `annotation ${i + 1} of ${paths.truth}`),
  );
  return reportAccuracy(annotations, file, files);
}

/** VizWiz: the submission for its server; with annotations of the val split (`--annotations`) the accuracy. */
export async function reportVizwiz(paths: BenchmarkPaths, file: AnswerFile): Promise<BenchmarkReport> {
  const questions = await lineQuestions(paths.questions);
  const split = questions.map(({ id, image }) => ({ question_id: id, image: image as string }));
  const given = byQuestion(file.answers);
  const missing = questions.filter(({ id }) => !given.has(id)).length;
  const made = missing === 0 ? vizwizSubmission(split, file) : { text: undefined, summary: '' };
  const files = new Map(made.text === undefined ? [] : [['upload.json', made.text]]);
  if (paths.truth !== undefined) {
    const ids = new Map(split.map(({ question_id: id, image }) => [image, id]));
    const entries = list(await readJson(paths.truth), paths.truth).map((value, i) => record(value, `entry ${i + 1} of ${paths.truth}`));
    const known = entries.flatMap((entry, i) => {
      const id = ids.get(textOf(entry, 'image', `entry ${i + 1} of ${paths.truth}`));
      return id === undefined ? [] : [annotationOf({ ...entry, question_id: id }, `entry ${i + 1} of ${paths.truth}`)];
    });
    return reportAccuracy(known, file, files);
  }
  if (missing === 0) return ofServer(made.summary, files);
  return {
    metrics: {},
    text: '',
    files,
    open: `Not scored, and no upload.json: ${missing} questions have no answer, and VizWiz' server takes no less.`,
  };
}

/** TextVQA: `TextVQA_0.5.1_val.json` beside the questions. */
export async function reportTextVqa(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const path = await findTruth(paths, ['TextVQA_0.5.1_val.json']);
  if (path === undefined) return notScored('TextVQA_0.5.1_val.json');
  const annotations = (await readListIn(path, 'data')).map((value, i) => {
    const entry = record(value, `entry ${i + 1} of ${path}`);
    for (const name of ['image_id', 'question']) textOf(entry, name, `entry ${i + 1} of ${path}`);
    list(entry['answers'], `answers of entry ${i + 1} of ${path}`);
    return entry as unknown as TextVqaAnnotation;
  });
  const rows = scoreTextVqa(annotations, answers);
  return { metrics: { accuracy: share(mean(rows.map(({ score }) => score))) }, text: textVqaText('answers', rows), files: new Map() };
}

/** LLaVA-Bench (in the wild): the judge's requests, and the scores of its reviews where there are some. */
export async function reportWild(paths: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const find = (name: string): Promise<string | undefined> => findTruth(paths, [name]);
  const [context, reference, rule, reviews] = await Promise.all(
    ['context.jsonl', 'answers_gpt4.jsonl', 'rule.json', 'reviews.jsonl'].map(find),
  );
  const files = new Map<string, string>();
  if (context !== undefined && reference !== undefined && rule !== undefined) {
    const questions = (await readJsonLines(paths.questions)) as unknown as JudgeMaterial['questions'];
    const contexts = (await readJsonLines(context)) as unknown as JudgeMaterial['contexts'];
    const rules = (await readObject(rule)) as JudgeMaterial['rules'];
    const references = (await readAnswers(reference)).answers;
    const requests = judgeRequests({ questions, contexts, references, rules }, answers);
    files.set('judge_requests.jsonl', requests.map((request) => `${pythonJson(request)}\n`).join(''));
  }
  if (reviews === undefined) {
    const written =
      files.size > 0
        ? 'judge_requests.jsonl holds its requests'
        : 'with context.jsonl, answers_gpt4.jsonl and rule.json its requests are written';
    return {
      metrics: {},
      text: '',
      files,
      open: `Not scored: LLaVA-Bench needs its judge (gpt-4-0314); ${written}, and reviews.jsonl beside the questions is scored.`,
    };
  }
  const lines = (await readJsonLines(reviews)).map((line, i) => {
    const where = `line ${i + 1} of ${reviews}`;
    return { category: textOf(line, 'category', where), content: textOf(line, 'content', where) } satisfies Pick<
      Review,
      'category' | 'content'
    >;
  });
  const scores = scoreReviews(lines);
  return {
    metrics: Object.fromEntries(scores.map(([category, ratio]) => [`ratio ${category}`, share(ratio)])),
    text: reviewsText(basename(reviews, '.jsonl'), scores),
    files,
    open: `The reviews are those of ${reviews}: no judge was asked.`,
  };
}

/** MM-Vet: the file that its judge takes. */
export async function reportMmVet(_: BenchmarkPaths, { answers }: AnswerFile): Promise<BenchmarkReport> {
  const files = new Map([['results.json', mmVetResults(answers)]]);
  return { metrics: {}, text: '', files, open: 'Not scored: MM-Vet needs its judge (GPT-4); results.json is what its evaluator takes.' };
}

function reportAccuracy(annotations: readonly VqaAnnotation[], file: AnswerFile, files: ReadonlyMap<string, string>): BenchmarkReport {
  const results = new Map([...byQuestion(file.answers)].map(([id, { text }]) => [id, text]));
  const { overall, perAnswerType, perQuestionType } = vqaAccuracy(annotations, results);
  return {
    metrics: { accuracy: overall / 100, ...named(perAnswerType), ...named(perQuestionType) },
    text: `Overall Accuracy is: ${overall.toFixed(2)}`,
    files,
  };
}

function named(percents: VqaAccuracy['perAnswerType']): Record<string, number> {
  return Object.fromEntries(Object.entries(percents).map(([name, percent]) => [`accuracy ${name}`, percent / 100]));
}

function ofServer(summary: string, files: ReadonlyMap<string, string>): BenchmarkReport {
  const open =
    'Not scored: the answers of this split are kept by its server; upload.json is what it takes. The val split is scored with --annotations.';
  return { metrics: {}, text: summary, files, open };
}

function annotationOf(value: unknown, where: string): VqaAnnotation {
  const entry = record(value, where);
  idOf(entry, 'question_id', where);
  const answers = list(entry['answers'], `answers of ${where}`).map((answer) => record(answer, `answers of ${where}`));
  if (answers.length === 0) throw new VitaminError('INPUT_UNREADABLE', `Expected answers in ${where} but found none`);
  for (const answer of answers) textOf(answer, 'answer', `answers of ${where}`);
  return entry as unknown as VqaAnnotation;
}
