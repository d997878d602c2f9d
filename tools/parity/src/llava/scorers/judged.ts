import {
  type Answer,
  benchmarks,
  type BenchmarkQuestion,
  judgeRequests,
  type JudgeMaterial,
  mmVetResults,
  pythonJson,
  type Review,
  reviewsText,
  reviewText,
  scoreReviews,
} from '@vitamin-vlm/llava-bridge';
import { sha256 } from '../picture.ts';
import { compareGenerate, compareScript } from './script.ts';
import type { ScorerFiles } from './scorer-files.ts';

type WildQuestions = JudgeMaterial['questions'];

export function compareWild(files: ScorerFiles): void {
  const { golden } = files;
  const questions = files.lines<WildQuestions[number]>('llavabench/questions.jsonl');
  compareScript(
    files,
    'llavabench/answers.jsonl',
    questions.map(asked),
    golden.at('summary.json', 'llavabench.modelAnswers').take() as string[],
  );
  const { answers } = files.answers('llavabench/answers.jsonl');
  const contexts = files.lines<JudgeMaterial['contexts'][number]>('llavabench/context.jsonl');
  const references = files.lines<Answer>('llavabench/answers_gpt4.jsonl');
  const rules = files.json<JudgeMaterial['rules']>('llavabench/rule.json');
  const requests = judgeRequests({ questions, contexts, references, rules }, answers);
  const text = pythonJson(requests);
  golden.at('summary.json', 'llavabench.judgeRequestsSha256').equal(sha256(text));
  const first = golden.at('llavabench/judge_requests_first6.json');
  for (const i of first.keys()) first.at(i).equal((JSON.parse(text) as unknown[])[Number(i)]);
  // Of the original's prompts, which are not part of the folder.
  golden.at('summary.json', 'llavabench.officialRulePromptSha256').take();
  const reviews = files.lines<Review>('llavabench/reviews.jsonl');
  files.written('llavabench/reviews.jsonl', reviews.map(reviewText).join(''));
  files.written('llavabench/expected_summary_stdout.txt', reviewsText('reviews', scoreReviews(reviews)));
  compareGenerate(golden.at('summary.json', 'model_vqa.generateArguments'), benchmarks['llava-wild'].maxTokens);
}

export function compareMmVet(files: ScorerFiles): void {
  const questions = files.lines<WildQuestions[number]>('mmvet/llava-mm-vet.jsonl');
  const said = files.golden.at('summary.json', 'mmvet.modelAnswers').take() as string[];
  compareScript(files, 'mmvet/answers.jsonl', questions.map(asked), said);
  files.written('mmvet/results.json', mmVetResults(files.answers('mmvet/answers.jsonl').answers));
}

function asked({ question_id: id, image, text }: WildQuestions[number]): BenchmarkQuestion {
  return { id, image, prompt: text, asked: text };
}
