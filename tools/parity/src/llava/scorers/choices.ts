import {
  benchmarks,
  chunksOf,
  mmBenchFileQuestions,
  mmBenchLetter,
  mmBenchRows,
  mmBenchSubmission,
  type ScienceProblem,
  type ScienceQuestion,
  scienceAsked,
  scienceQuestions,
  scienceQuestionsText,
  scienceText,
  scoreMmBench,
  scoreScience,
  scoreSeed,
  type SeedBench,
  seedText,
  workbook,
} from '@vitamin-vlm/llava-bridge';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compareGenerate, comparePrompts, compareScript, promptIds } from './script.ts';
import { cellsOf, LIST, type ScorerFiles } from './scorer-files.ts';
import { rowsOf } from './short-answers.ts';

export function compareScience(files: ScorerFiles): void {
  const { golden } = files;
  const problems = new Map(Object.entries(files.json<Record<string, ScienceProblem>>('scienceqa/problems.json')));
  const { test } = files.json<{ test: readonly string[] }>('scienceqa/pid_splits.json');
  let asked: ScienceQuestion[] = [];
  for (const format of ['QCM-LEA', 'CQM-A'] as const) {
    asked = scienceQuestions(test, problems, format);
    for (const path of files.list(new RegExp(`^scienceqa/llava_test_${format}\\.json$`, 'u')))
      files.written(path, scienceQuestionsText(asked));
  }
  const questions = asked.map(({ id, image, conversations }) => scienceAsked(id, conversations[0].value, image));
  for (const path of files.list(/^scienceqa\/answers_from_script\.jsonl$/u)) {
    compareScript(
      files,
      path,
      questions,
      files.answers(path).answers.map(({ text }) => text),
    );
  }
  for (const row of rowsOf(golden.at('scienceqa/prompt_ids.json'))) {
    const id = row.at('id').takeText();
    const question = questions.find((one) => one.id === id);
    row.at('inputIds').equal(question && promptIds(question));
    row.at('hasImage').equal(question?.image !== undefined);
  }
  const score = scoreScience(test, problems, files.answers('scienceqa/answers.jsonl').answers);
  files.written('scienceqa/expected_output.json', score.output);
  files.written('scienceqa/expected_result.json', score.result);
  golden.at('summary.json', 'scienceqa.stdout').equal(scienceText(score));
  compareGenerate(golden.at('summary.json', 'model_vqa_science.generateArguments'), benchmarks.sqa.maxTokens);
}

export function compareSeed(files: ScorerFiles): void {
  files.lines('seed/llava-seed-bench.jsonl');
  const score = scoreSeed(files.json<SeedBench>('seed/SEED-Bench.json'), files.answers('seed/merge.jsonl').answers);
  files.written('seed/expected_stdout.txt', seedText(score));
  files.written('seed/upload.jsonl', score.upload);
}

export async function compareMmBench(files: ScorerFiles, name: 'mmbench' | 'mmbench_cn', folder: string): Promise<void> {
  const { golden } = files;
  const tsv = files.one(new RegExp(`^${name}/.*\\.tsv$`, 'u'));
  const copy = join(folder, basename(tsv));
  await writeFile(copy, files.text(tsv));
  const language = name === 'mmbench' ? 'en' : 'cn';
  const questions = await mmBenchFileQuestions(copy, language);
  const expected = golden.at(`${name}/expected.json`);
  const answersFile = files.one(new RegExp(`^${name}/answers/.*\\.jsonl$`, 'u'));
  compareScript(files, answersFile, questions, expected.at('modelAnswers').take() as string[]);
  comparePrompts(expected.at('firstPromptIds'), questions);
  compareGenerate(expected.at('generateArguments'), benchmarks.mmbench.maxTokens);
  for (const path of files.list(new RegExp(`^${name}/all_rounds_answers\\.jsonl$`, 'u'))) {
    // The script was run on the second of six parts.
    const { rows, columns } = files.table(tsv);
    const part = new Set(chunksOf(rows, 6)[1]!.map((row) => row[columns.indexOf('index')]));
    const turned = (await mmBenchFileQuestions(copy, language, true)).filter(({ id }) => part.has(id));
    compareScript(
      files,
      path,
      turned,
      files.answers(path).answers.map(({ text }) => text),
    );
  }
  const table = files.table(tsv);
  const rows = mmBenchRows(table, tsv);
  const { answers } = files.answers(answersFile);
  const made = cellsOf(workbook(mmBenchSubmission(table, answers)));
  expected.at('sheetName').equal(made.sheet);
  expected.at('xlsxCells').equal(made.cells);
  // The original holds the time of its making: its cells are compared.
  for (const path of files.list(new RegExp(`^${name}/upload/.*\\.xlsx$`, 'u'))) {
    golden.at(path, 'sheet').equal(made.sheet);
    golden.at(path, 'cells').equal(made.cells);
    golden.at(LIST, path).take();
  }
  const given = new Map(answers.map(({ question_id: id, text }) => [id, text]));
  expected
    .at('vlmEvalKitParse')
    .equal(rows.map(({ index, choices }) => [index, given.get(index), mmBenchLetter(given.get(index) ?? '', choices) ?? false]));
  const { hits, accuracy } = scoreMmBench(rows, answers);
  expected.at('vlmEvalKitCircular', 'hits').equal(Object.fromEntries(hits));
  expected.at('vlmEvalKitCircular', 'accuracy').equal(accuracy);
  golden.at('summary.json', `${name}.vlmEvalKitAccuracy`).equal(accuracy);
}
