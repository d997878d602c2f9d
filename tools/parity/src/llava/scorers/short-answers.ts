import {
  articles,
  benchmarks,
  contractions,
  convertMme,
  gqaPredictions,
  type GqaQuestion,
  gqaText,
  mmeKey,
  mmeReport,
  mmeText,
  normalizeAnswer,
  numberWords,
  popeAnswer,
  popeText,
  punctuation,
  scoreGqa,
  scoreMme,
  scorePope,
  scoreTextVqa,
  type TextVqaAnnotation,
  textVqaText,
  vqaAccuracy,
  type VqaAnnotation,
  vqav2Submission,
  vizwizSubmission,
} from '@vitamin-vlm/llava-bridge';
import { basename, dirname } from 'node:path';
import type { Golden } from '../../golden/golden.ts';
import { compareGenerate, comparePrompts, compareScript } from './script.ts';
import type { ScorerFiles } from './scorer-files.ts';

interface QuestionLine {
  readonly question_id: string | number;
  readonly image: string;
  readonly text: string;
  readonly category: string;
}

/** The tables of EvalAI's processor, and what it makes of answers. */
export function compareNormalizer({ golden }: ScorerFiles): void {
  for (const row of pairsOf(golden.at('evalai_normaliser.json'))) row.at(1).equal(normalizeAnswer(row.at(0).takeText()));
  const tables = golden.at('vqa_contractions.json');
  tables.at('contractions').equal(Object.fromEntries(contractions));
  tables.at('numbers').equal(Object.fromEntries(numberWords));
  tables.at('articles').equal(articles);
  tables.at('punctuation').equal(punctuation);
  // Both scripts have the same table: ours serves both.
  tables.at('differencesOfTheOfficialVqaTable').equal({ onlyInEvalAi: [], onlyInOfficial: [] });
}

export function compareVqav2(files: ScorerFiles): void {
  const split = files.lines<QuestionLine>(files.one(/^vqav2\/[^/]*test2015\.jsonl$/u));
  for (const path of files.list(/^vqav2\/answers\/.*\/merge\.jsonl$/u)) {
    const answers = files.answers(path, true);
    const asked = files.list(new RegExp(`^vqav2/${basename(dirname(dirname(path)))}\\.jsonl$`, 'u'));
    for (const questions of asked) files.lines(questions);
    const { text, summary } = vqav2Submission(split, answers);
    files.written(`${dirname(path).replace('/answers/', '/answers_upload/')}.json`, text);
    files.golden.at('summary.json', 'vqav2.convert.stdout').equal(summary);
  }
  const questions = files.json<{ questions: readonly { question_id: number }[] }>('vqav2/val/questions.json').questions;
  const annotations = files.json<{ annotations: readonly VqaAnnotation[] }>('vqav2/val/annotations.json').annotations;
  const asked = annotations.filter(({ question_id: id }) => questions.some((question) => question.question_id === id));
  const results = files.json<readonly { question_id: number; answer: string }[]>('vqav2/val/results.json');
  const expected = files.golden.at('vqav2/val/expected.json');
  const readings = { answersAsTheyAre: (text: string) => text, answersThroughEvalAiProcessorFirst: normalizeAnswer };
  for (const [name, reading] of Object.entries(readings)) {
    const found = vqaAccuracy(asked, new Map(results.map(({ question_id: id, answer }) => [id, reading(answer)])));
    expected.at(name, 'overall').equal(found.overall);
    for (const kind of ['perQuestionType', 'perAnswerType'] as const) {
      const values = expected.at(name, kind);
      for (const type of values.keys()) values.at(type).equal(found[kind][type]);
    }
    const questionsOf = expected.at(name, 'perQuestion');
    for (const id of questionsOf.keys()) questionsOf.at(id).equal(found.perQuestion.get(Number(id)) ?? found.perQuestion.get(id));
  }
}

export function compareVizwiz(files: ScorerFiles): void {
  const split = files.lines<QuestionLine>('vizwiz/llava_test.jsonl');
  const { text, summary } = vizwizSubmission(split, files.answers('vizwiz/answers.jsonl', true));
  files.written(files.one(/^vizwiz\/upload\/.*\.json$/u), text);
  files.golden.at('summary.json', 'vizwiz.convert.stdout').equal(summary);
}

export function compareGqa(files: ScorerFiles): void {
  files.lines(files.one(/^gqa\/llava_gqa.*\.jsonl$/u));
  const { answers } = files.answers('gqa/merge.jsonl');
  files.written('gqa/testdev_balanced_predictions.json', gqaPredictions(answers));
  const questions = new Map(Object.entries(files.json<Record<string, GqaQuestion>>('gqa/testdev_balanced_questions.json')));
  files.written('gqa/expected_stdout.txt', gqaText(scoreGqa(questions, answers)));
}

export function compareTextVqa(files: ScorerFiles): void {
  files.lines(files.one(/^textvqa\/llava_textvqa.*\.jsonl$/u));
  const { data } = files.json<{ data: readonly TextVqaAnnotation[] }>(files.one(/^textvqa\/TextVQA.*\.json$/u));
  const rows = scoreTextVqa(data, files.answers('textvqa/answers.jsonl').answers);
  const expected = files.golden.at('textvqa/expected.json');
  expected.at('stdout').equal(textVqaText('answers', rows));
  for (const i of expected.at('perQuestion').keys()) {
    const row = expected.at('perQuestion', i);
    const { answer, question, answers, score } = rows[Number(i)]!;
    row.at('question_id').equal(answer.question_id);
    row.at('promptToQuestion').equal(question);
    row.at('predNormalised').equal(normalizeAnswer(answer.text));
    row.at('gtNormalised').equal(answers.map(normalizeAnswer));
    row.at('score').equal(score);
  }
}

export async function comparePope(files: ScorerFiles): Promise<void> {
  const { golden } = files;
  for (const row of pairsOf(golden.at('pope/parse.json'))) row.at(1).equal(popeAnswer(row.at(0).takeText()));
  const questions = new Map(files.lines<QuestionLine>('pope/llava_pope_test.jsonl').map((line) => [line.question_id, line]));
  const { answers } = files.answers('pope/answers.jsonl');
  for (const path of files.list(/^pope\/coco\/coco_pope_.*\.jsonl?$/u)) {
    const category = basename(path).replace(/^coco_pope_|\.jsonl?$/gu, '');
    const labels = files.lines<{ label: string }>(path).map(({ label }) => label);
    const part = answers.filter(({ question_id: id }) => questions.get(id)?.category === category);
    golden.at('pope/expected.json', category).equal(popeText(scorePope(category, part, labels)));
  }
  const expected = golden.at('pope/first8_expected.json');
  const asked = files
    .lines<QuestionLine>('pope/first8.jsonl')
    .map((line) => ({ ...line, id: line.question_id, prompt: line.text, asked: line.text }));
  const said = expected.at('modelAnswers').take() as string[];
  compareScript(files, 'pope/first8_answers_from_script.jsonl', asked, said);
  comparePrompts(expected.at('inputIds'), asked);
  compareGenerate(expected.at('generateArguments'), benchmarks.pope.maxTokens);
  // Of the stub that stood in for the model.
  expected.at('imageShape').take();
  expected.at('imageDtype').take();
}

export function compareMme(files: ScorerFiles): void {
  files.lines('mme/llava_mme.jsonl');
  const truth = new Map<string, string>();
  for (const path of files.list(/^mme\/MME_Benchmark_release_version\//u)) {
    const [, , task] = path.split('/');
    for (const line of files.text(path).split('\n')) {
      const [question, answer] = line.trim().split('\t');
      if (answer !== undefined) truth.set(mmeKey(task!, basename(path), question!), answer);
    }
  }
  const { answers } = files.answers(files.one(/^mme\/answers\/.*\.jsonl$/u));
  const { rows, unknown } = convertMme(answers, truth);
  for (const question of unknown) files.golden.fail(`mme: no truth for ${question}`);
  for (const [task, list] of rows) files.written(`mme/converted/${task}.txt`, mmeText(list));
  files.written('mme/expected_stdout.txt', mmeReport(scoreMme(rows)));
}

/** Rows of a list of pairs, of which every one is compared: a list without objects counts as one value else. */
function pairsOf(golden: Golden): Golden[] {
  golden.take();
  return rowsOf(golden);
}

/** The rows of a list. */
export function rowsOf(golden: Golden): Golden[] {
  return golden.keys().map((i) => golden.at(i));
}
