import { VitaminError } from '@vitamin-vlm/core';
import { fixedText } from '../text/python-text.ts';
import type { Answer } from './answers.ts';
import { mean, softScore } from './vqa-accuracy.ts';

/** What is needed of an entry of TextVQA's annotations. */
export interface TextVqaAnnotation {
  readonly image_id: string;
  readonly question: string;
  readonly answers: readonly string[];
}

/** One scored answer. */
export interface TextVqaRow {
  readonly answer: Answer;
  readonly question: string;
  readonly answers: readonly string[];
  /** From 0 to 1. */
  readonly score: number;
}

/**
 * The question that LLaVA asked, out of its prompt: lower case, without the reference tokens and the line about short answers.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a prompt of another form.
 */
function textVqaQuestion(prompt: string): string {
  const lines = prompt.split('\n');
  let question: string | undefined;
  if (prompt.startsWith('OCR tokens: ')) question = /Question: (.*?) Short answer:/su.exec(prompt)?.[1];
  else if (prompt.includes('Reference OCR token: ') && lines.length === 3) {
    question = lines[prompt.startsWith('Reference OCR token:') ? 1 : 0];
  } else if (lines.length === 2) [question] = lines;
  if (question !== undefined) return question.toLowerCase();
  throw new VitaminError(
    'INPUT_UNREADABLE',
    `Expected a prompt of TextVQA (one question, a line of instructions) but found ${JSON.stringify(prompt)}`,
  );
}

/**
 * TextVQA's soft accuracy: answers belong to annotations by picture and question.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for an answer to a question that the annotations do not hold.
 */
export function scoreTextVqa(annotations: readonly TextVqaAnnotation[], answers: readonly Answer[]): TextVqaRow[] {
  const known = new Map(annotations.map((entry) => [key(entry.image_id, entry.question.toLowerCase()), entry.answers]));
  return answers.map((answer) => {
    const question = textVqaQuestion(answer.prompt);
    const found = known.get(key(String(answer.question_id), question));
    if (found) return { answer, question, answers: found, score: softScore(answer.text, found) };
    throw new VitaminError('INPUT_UNREADABLE', `Expected "${question}" about ${answer.question_id} in the annotations but found none`);
  });
}

/** What LLaVA's script prints. @param name - The answer file's name, without its ending. */
export function textVqaText(name: string, rows: readonly TextVqaRow[]): string {
  return `${name}\nSamples: ${rows.length}\nAccuracy: ${fixedText(100 * mean(rows.map(({ score }) => score)), 2)}%\n\n`;
}

function key(image: string, question: string): string {
  return JSON.stringify([image, question]);
}
