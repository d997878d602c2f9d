import { VitaminError } from '@vitamin-vlm/core';
import { floatText, pythonJson, PythonFloat } from '../text/python-json.ts';
import { pythonFloat, pythonRound } from '../text/python-text.ts';
import type { Answer } from './answers.ts';
import { mean, push } from './vqa-accuracy.ts';

/** What a judge needs beside the answers. */
export interface JudgeMaterial {
  readonly questions: readonly {
    readonly question_id: string | number;
    readonly image?: string | undefined;
    readonly text: string;
    readonly category: string;
  }[];
  readonly contexts: readonly { readonly image: string; readonly caption: string | readonly string[] }[];
  readonly references: readonly Answer[];
  /** Prompt and role of the judge by `llava_bench_{category}`. */
  readonly rules: Readonly<Record<string, { readonly prompt: string; readonly role: string }>>;
}

/** A line of a file of reviews. */
export interface Review {
  readonly id: number;
  readonly question_id: string | number;
  readonly answer1_id: string | number;
  readonly answer2_id: string | number;
  readonly category: string;
  /** What the judge wrote. */
  readonly content: string;
}

const SYSTEM = 'You are a helpful and precise assistant for checking the quality of the answer.';

/**
 * The requests that LLaVA's script sends to its judge, one a question. Nothing here sends them.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a category without a rule or a picture without a context.
 */
export function judgeRequests({ questions, contexts, references, rules }: JudgeMaterial, answers: readonly Answer[]): object[] {
  const captions = new Map(contexts.map(({ image, caption }) => [image, typeof caption === 'string' ? caption : caption.join('\n')]));
  const count = Math.min(questions.length, references.length, answers.length);
  return questions.slice(0, count).map(({ image = '', text, category }, i) => {
    const rule = Object.hasOwn(rules, `llava_bench_${category}`) ? rules[`llava_bench_${category}`] : undefined;
    const caption = captions.get(image);
    if (!rule || caption === undefined) {
      throw new VitaminError(
        'INPUT_UNREADABLE',
        `Expected ${rule ? `a context for ${image}` : `a rule llava_bench_${category}`} but found none`,
      );
    }
    const { prompt, role } = rule;
    const said = [references[i]!, answers[i]!].map(
      ({ text: answer }, n) => `[${role} ${n + 1}]\n${answer}\n\n[End of ${role} ${n + 1}]\n\n`,
    );
    const content = `[Context]\n${caption}\n\n[Question]\n${text}\n\n${said.join('')}[System]\n${prompt}\n\n`;
    return {
      model: 'gpt-4-0314',
      messages: [
        { role: 'system', content: SYSTEM },
        { role: 'user', content },
      ],
      temperature: new PythonFloat(0.2),
      max_tokens: 1024,
    };
  });
}

/** The two scores of a judge's first line, or -1 and -1 when it is not two numbers with one space or comma between. */
function reviewScores(content: string): readonly [number, number] | undefined {
  const pieces = content.split('\n')[0]!.replaceAll(',', ' ').split(' ');
  const numbers = pieces.map(pythonFloat);
  return pieces.length === 2 && numbers[0] !== undefined && numbers[1] !== undefined ? [numbers[0], numbers[1]] : undefined;
}

/** A line of a file of reviews as LLaVA's script writes it. */
export function reviewText(review: Review): string {
  const { id, question_id, answer1_id, answer2_id, category, content } = review;
  const tuple = reviewScores(content)?.map((score) => new PythonFloat(score)) ?? [-1, -1];
  return `${pythonJson({ id, question_id, answer1_id, answer2_id, category, content, tuple })}\n`;
}

/** The block that LLaVA's script prints. @param name - The file's name, without `gpt4_text_` and its ending. */
export function reviewsText(name: string, scores: WildScore): string {
  const lines = scores.map(([category, ...values]) => [category, ...values.map(floatText)].join(' '));
  return [name, ...lines, '=================================', ''].join('\n');
}

/** Ratio in percent, reference's and model's mean, times 10: by category and for all, by name. */
export type WildScore = readonly (readonly [category: string, ratio: number, reference: number, model: number])[];

/** LLaVA-Bench's numbers. A review that could not be read counts with -1 and -1, as in the original. */
export function scoreReviews(reviews: readonly Pick<Review, 'category' | 'content'>[]): WildScore {
  const scores = new Map<string, (readonly [number, number])[]>();
  for (const { category, content } of reviews) {
    const pair = reviewScores(content) ?? ([-1, -1] as const);
    push(scores, category, pair);
    push(scores, 'all', pair);
  }
  return [...scores]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([category, pairs]) => {
      const [reference, model] = [0, 1].map((side) => pythonRound(mean(pairs.map((pair) => pair[side]!)), 3)) as [number, number];
      return [category, pythonRound((model / reference) * 100, 1), pythonRound(reference * 10, 1), pythonRound(model * 10, 1)] as const;
    });
}
