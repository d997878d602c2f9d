import { pythonJson } from '../text/python-json.ts';
import { fixedText, pythonWords } from '../text/python-text.ts';
import type { Answer } from './answers.ts';
import { mean, push } from './vqa-accuracy.ts';

/** What is needed of a question of GQA's own file. */
export interface GqaQuestion {
  readonly question: string;
  readonly answer: string;
  readonly isBalanced: boolean;
  readonly semantic: readonly { readonly operation: string; readonly argument: string }[];
  readonly types: { readonly structural: string; readonly semantic: string };
  readonly groups: { readonly global: string | null };
}

/** Percent, and how many questions: by kind, in the order in which GQA's script prints them. */
export type GqaTable = readonly (readonly [kind: string | number, percent: number, count: number])[];

/** GQA's numbers over its balanced questions. */
export interface GqaScore {
  readonly binary: number;
  readonly open: number;
  readonly accuracy: number;
  readonly distribution: number;
  readonly structural: GqaTable;
  readonly semantic: GqaTable;
  readonly steps: GqaTable;
  readonly words: GqaTable;
}

/** An answer as LLaVA hands it to GQA: no periods at its end, lower case. */
function gqaPrediction(text: string): string {
  return text.replace(/\.+$/u, '').toLowerCase();
}

/** The file of predictions that GQA's script reads. */
export function gqaPredictions(answers: readonly Answer[]): string {
  return pythonJson(answers.map(({ question_id: id, text }) => ({ questionId: id, prediction: gqaPrediction(text) })));
}

/** Steps that need no reasoning of their own. */
const FREE_STEPS = ['exist', 'query: name', 'choose name'];

/**
 * GQA's accuracy over the balanced questions. One without an answer counts as wrong.
 *
 * @param questions - GQA's questions by id, in the order of the file.
 */
export function scoreGqa(questions: ReadonlyMap<string, GqaQuestion>, answers: readonly Answer[]): GqaScore {
  const predictions = new Map(answers.map(({ question_id: id, text }) => [String(id), gqaPrediction(text)]));
  const all: number[] = [];
  const kinds = { binary: [] as number[], open: [] as number[] };
  const tables = { structural: table(), semantic: table(), steps: table(), words: table() };
  const golden = new Map<string, Map<string, number>>();
  const predicted = new Map<string, Map<string, number>>();
  for (const [id, { question, answer, isBalanced, semantic, types, groups }] of questions) {
    if (!isBalanced) continue;
    const found = predictions.get(id);
    const score = found === answer ? 1 : 0;
    const steps = semantic.filter((step) => !FREE_STEPS.some((free) => `${step.operation}: ${step.argument}`.includes(free)));
    all.push(score);
    kinds[types.structural === 'query' ? 'open' : 'binary'].push(score);
    push(tables.structural, types.structural, score);
    push(tables.semantic, types.semantic, score);
    push(tables.steps, steps.length, score);
    push(tables.words, pythonWords(question).length, score);
    if (groups.global === null) continue;
    add(golden, groups.global, answer);
    if (found !== undefined) add(predicted, groups.global, found);
  }
  return {
    binary: mean(kinds.binary) * 100,
    open: mean(kinds.open) * 100,
    accuracy: mean(all) * 100,
    distribution: chiSquare(golden, predicted) / 100,
    structural: sorted(tables.structural),
    semantic: sorted(tables.semantic),
    steps: sorted(tables.steps),
    words: sorted(tables.words),
  };
}

/** What GQA's script prints behind its hints, for questions without a file of choices: validity and plausibility stay 0. */
export function gqaText(score: GqaScore): string {
  const block = (title: string, rows: GqaTable): string =>
    [`\n${title}:\n`, ...rows.map(([kind, value, count]) => `  ${kind}: ${percent(value)} (${count} questions)\n`)].join('');
  return [
    `Binary: ${percent(score.binary)}\nOpen: ${percent(score.open)}\nAccuracy: ${percent(score.accuracy)}\n`,
    `Validity: 0.00%\nPlausibility: 0.00%\nDistribution: ${fixedText(score.distribution, 2)} (lower is better)\n`,
    block('Accuracy / structural type', score.structural),
    block('Accuracy / semantic type', score.semantic),
    block('Accuracy / steps number', score.steps),
    block('Accuracy / words number', score.words),
  ].join('');
}

function percent(value: number): string {
  return `${fixedText(value, 2)}%`;
}

/** How far the answers are from the distribution of the right ones: chi square, weighted by the size of the groups. */
function chiSquare(golden: ReadonlyMap<string, ReadonlyMap<string, number>>, predicted: typeof golden): number {
  let [sum, overall] = [0, 0];
  for (const [group, answers] of golden) {
    let [score, size] = [0, 0];
    for (const [answer, expected] of answers) {
      const found = predicted.get(group)?.get(answer) ?? 0;
      score += (found - expected) ** 2 / expected;
      size += expected;
    }
    sum += score * size;
    overall += size;
  }
  return overall === 0 ? 0 : sum / overall;
}

function table(): Map<string | number, number[]> {
  return new Map();
}

function add(groups: Map<string, Map<string, number>>, group: string, answer: string): void {
  const counts = groups.get(group) ?? new Map<string, number>();
  counts.set(answer, (counts.get(answer) ?? 0) + 1);
  groups.set(group, counts);
}

function sorted(map: ReadonlyMap<string | number, readonly number[]>): GqaTable {
  return [...map.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, scores]) => [kind, mean(scores) * 100, scores.length] as const);
}
