import type { AnswerFile } from './answers.ts';
import { VitaminError } from '@vitamin-vlm/core';
import type { BenchmarkPaths } from './find-files.ts';
import { reportWorld, worldQuestions } from './picture-world.ts';
import type { BenchmarkReport } from './report.ts';
import { type BenchmarkQuestion, lineQuestions, mmBenchFileQuestions, scienceFileQuestions } from './questions.ts';
import { reportMmBench, reportScience, reportSeed } from './report-choice.ts';
import { reportMmVet, reportTextVqa, reportVizwiz, reportVqav2, reportWild } from './report-open.ts';
import { reportGqa, reportMme, reportPope } from './report-short.ts';

/** One of the 12 benchmarks of LLaVA-1.5. */
export interface Benchmark {
  readonly title: string;
  /** Tokens of an answer at most, as LLaVA's script for it allows. */
  readonly maxTokens: number;
  /** Whether broken lines of an answer file are left out, as the official converter does. */
  readonly tolerant: boolean;
  /** Reads the official question file. @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE` that says where. */
  readonly questions: (path: string) => Promise<readonly BenchmarkQuestion[]>;
  /** Scores what can be scored here, and makes the files for whoever scores the rest. @throws VitaminError as `questions`. */
  readonly report: (paths: BenchmarkPaths, answers: AnswerFile) => Promise<BenchmarkReport>;
}

/** Names as the table of the paper has them. */
export type BenchmarkName =
  | 'vqav2'
  | 'gqa'
  | 'vizwiz'
  | 'sqa'
  | 'textvqa'
  | 'pope'
  | 'mme'
  | 'mmbench'
  | 'mmbench-cn'
  | 'seed'
  | 'llava-wild'
  | 'mmvet';

/** Answers of picture-world are a few words. */
const WORDS = 64;

/** What `--max_new_tokens` is in LLaVA's two kinds of scripts. */
const [SHORT, LONG] = [128, 1024];

const lines = (title: string, maxTokens: number, report: Benchmark['report'], tolerant: boolean = false): Benchmark => ({
  title,
  maxTokens,
  tolerant,
  questions: lineQuestions,
  report,
});

/**
 * The benchmarks of LLaVA-1.5 by the names of its paper's table.
 *
 * @example
 * ```ts
 * import { benchmarks, readAnswers } from '@vitamin-vlm/llava-bridge';
 * const paths = { questions: 'pope/llava_pope_test.jsonl' }; // the labels lie beside it, in coco
 * const { metrics, text } = await benchmarks.pope.report(paths, await readAnswers('pope/answers/llava-v1.5-7b.jsonl'));
 * console.log(metrics['f1'], text);
 * ```
 */
export const benchmarks: Readonly<Record<BenchmarkName, Benchmark>> = {
  vqav2: lines('VQAv2', SHORT, reportVqav2, true),
  gqa: lines('GQA', SHORT, reportGqa),
  vizwiz: lines('VizWiz', SHORT, reportVizwiz, true),
  sqa: { title: 'ScienceQA', maxTokens: LONG, tolerant: false, questions: scienceFileQuestions, report: reportScience },
  textvqa: lines('TextVQA', SHORT, reportTextVqa),
  pope: lines('POPE', SHORT, reportPope),
  mme: lines('MME', SHORT, reportMme),
  mmbench: {
    title: 'MMBench',
    maxTokens: LONG,
    tolerant: false,
    questions: (path) => mmBenchFileQuestions(path, 'en'),
    report: reportMmBench,
  },
  'mmbench-cn': {
    title: 'MMBench-CN',
    maxTokens: LONG,
    tolerant: false,
    questions: (path) => mmBenchFileQuestions(path, 'cn'),
    report: reportMmBench,
  },
  seed: lines('SEED-Bench', SHORT, reportSeed),
  'llava-wild': lines('LLaVA-Bench (in the wild)', LONG, reportWild),
  mmvet: lines('MM-Vet', LONG, reportMmVet),
};

const world: Benchmark = { title: 'picture-world', maxTokens: WORDS, tolerant: false, questions: worldQuestions, report: reportWorld };

/**
 * A benchmark by its name; `picture-world` is the questions of such a data set.
 *
 * @throws VitaminError `USAGE` for another name.
 * @example
 * ```ts
 * import { openBenchmark } from '@vitamin-vlm/llava-bridge';
 * const questions = await openBenchmark('picture-world').questions('world/annotations/questions.json');
 * console.log(questions[0]?.asked, questions[0]?.image);
 * ```
 */
export function openBenchmark(name: string): Benchmark {
  if (name === 'picture-world') return world;
  if (Object.hasOwn(benchmarks, name)) return benchmarks[name as BenchmarkName];
  throw new VitaminError('USAGE', `Expected a benchmark (${Object.keys(benchmarks).join(', ')}, picture-world) but received "${name}"`);
}
