import { pythonJson, PythonFloat } from '../text/python-json.ts';
import { fixedText, pythonStrip } from '../text/python-text.ts';
import { type Answer, byQuestion } from './answers.ts';

/** What is needed of one of ScienceQA's problems. */
export interface ScienceProblem {
  readonly question: string;
  readonly choices: readonly string[];
  /** Place among the choices. */
  readonly answer: number;
  readonly hint: string;
  readonly image: string | null;
  readonly lecture: string;
  readonly solution: string;
}

/** A problem, asked as LLaVA asks it. */
export interface ScienceQuestion {
  readonly id: string;
  readonly image?: string;
  readonly conversations: readonly [{ readonly from: 'human'; readonly value: string }, { readonly from: 'gpt'; readonly value: string }];
}

/** ScienceQA's numbers, and the two files of LLaVA's script. */
export interface ScienceScore {
  readonly correct: number;
  readonly total: number;
  /** Of the questions with a picture. */
  readonly pictures: { readonly correct: number; readonly total: number };
  /** `{correct, incorrect}`: every question with what was read of its answer. */
  readonly output: string;
  /** `{acc, correct, count, results, outputs}`. */
  readonly result: string;
}

const LETTERS = ['A', 'B', 'C', 'D', 'E'];
const FAILED = 'FAILED';

/**
 * ScienceQA's problems as questions of LLaVA. `format` says what stands in which order: `CQM-A` is context, question and options with the answer alone, `QCM-LEA`
 * question, context and options with lecture, explanation and answer.
 */
export function scienceQuestions(
  ids: readonly string[],
  problems: ReadonlyMap<string, ScienceProblem>,
  format: 'CQM-A' | 'QCM-LEA',
): ScienceQuestion[] {
  return ids.map((id): ScienceQuestion => {
    const { question, choices, answer, hint, image, lecture, solution } = problems.get(id)!;
    const context = pythonStrip(`${hint} `) || 'N/A';
    const options = choices.map((choice, i) => `(${LETTERS[i]}) ${choice}`).join(' ');
    const lines = [`Context: ${context}`, `Question: ${question}`];
    const input = [...(format === 'CQM-A' ? lines : lines.toReversed()), `Options: ${options}\n`].join('\n');
    const reasons = format === 'CQM-A' ? '' : `${unescaped(lecture)} ${unescaped(solution)} `;
    const value = tidy(input, 'Question: ');
    return {
      id,
      ...(image === null ? {} : { image: `${id}/${image}` }),
      conversations: [
        { from: 'human', value: image === null ? value : `${value}\n<image>` },
        { from: 'gpt', value: tidy(`Answer: ${reasons}The answer is ${LETTERS[answer]}.`, 'Answer: ') },
      ],
    };
  });
}

/** The text of a file of such questions. */
export function scienceQuestionsText(questions: readonly ScienceQuestion[]): string {
  return pythonJson(questions, { indent: 2 });
}

/** The letter in an answer, or `FAILED`: the letter alone, `A. …`, or "The answer is A" once, with any character behind it. */
function scienceLetter(text: string): string {
  if (LETTERS.includes(text)) return text;
  if (text.length >= 3 && LETTERS.includes(text[0]!) && text.slice(1, 3) === '. ') return text[0]!;
  const found = [...text.matchAll(/The answer is ([A-Z])[^\n]/gu)];
  return found.length === 1 ? found[0]![1]! : FAILED;
}

/** Scores the problems of a split. One without an answer counts as wrong, and as one without a picture, as in the original. */
export function scoreScience(
  ids: readonly string[],
  problems: ReadonlyMap<string, ScienceProblem>,
  answers: readonly Answer[],
): ScienceScore {
  const given = byQuestion(answers);
  const correct: object[] = [];
  const incorrect: object[] = [];
  const results = new Map<string, number>();
  const outputs = new Map<string, string>();
  const pictures = { correct: 0, total: 0 };
  for (const id of ids) {
    const problem = problems.get(id)!;
    const { text, prompt } = given.get(id) ?? { text: FAILED, prompt: 'Unknown' };
    const letter = scienceLetter(text);
    const choice = LETTERS.slice(0, problem.choices.length).indexOf(letter);
    const isPicture = prompt.includes('<image>');
    const isRight = choice === problem.answer;
    results.set(id, choice);
    outputs.set(id, text);
    if (isPicture) pictures.total++;
    if (isPicture && isRight) pictures.correct++;
    (isRight ? correct : incorrect).push({
      question_id: id,
      parsed_ans: letter,
      ground_truth: LETTERS[problem.answer],
      question: prompt,
      pred: text,
      is_multimodal: isPicture,
    });
  }
  const [count, total] = [correct.length, ids.length];
  return {
    correct: count,
    total,
    pictures,
    output: pythonJson({ correct, incorrect }, { indent: 2 }),
    result: pythonJson({ acc: new PythonFloat((count / total) * 100), correct: count, count: total, results, outputs }, { indent: 2 }),
  };
}

/** The line that LLaVA's script prints. */
export function scienceText({ correct, total, pictures }: ScienceScore): string {
  return `Total: ${total}, Correct: ${correct}, Accuracy: ${percent(correct, total)}, IMG-Accuracy: ${percent(pictures.correct, pictures.total)}`;
}

function percent(part: number, all: number): string {
  return `${fixedText((part / all) * 100, 2)}%`;
}

/** Line feeds that are written as two characters, made into one. */
function unescaped(text: string): string {
  return text.replaceAll(String.raw`\n`, '\n');
}

/** As the original tidies up: double spaces once, and wherever it stands the word that the text begins with. */
function tidy(text: string, prefix: string): string {
  const stripped = pythonStrip(text.replaceAll('  ', ' '));
  return stripped.startsWith(prefix) ? stripped.replaceAll(prefix, '') : stripped;
}
