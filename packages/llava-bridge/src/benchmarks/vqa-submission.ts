import { VitaminError } from '@vitamin-vlm/core';
import { pythonJson } from '../text/python-json.ts';
import { type AnswerFile, byQuestion } from './answers.ts';
import { normalizeAnswer } from './normalize-answer.ts';

/** A submission file, and what the original script prints when it makes it. */
export interface Submission {
  readonly text: string;
  readonly summary: string;
}

/** VQAv2's submission: every question of the test split, with an empty answer where none was asked. The last of two answers counts. */
export function vqav2Submission(split: readonly { readonly question_id: string | number }[], file: AnswerFile): Submission {
  const given = byQuestion(file.answers);
  const rows = split.map(({ question_id: id }) => {
    const answer = given.get(id);
    return { question_id: id, answer: answer === undefined ? '' : normalizeAnswer(answer.text) };
  });
  return { text: pythonJson(rows), summary: summaryOf(given.size, rows.length, file.broken) };
}

/** VizWiz' submission, by picture. @throws VitaminError `INPUT_UNREADABLE` when a question has no answer: the server takes no less. */
export function vizwizSubmission(
  split: readonly { readonly question_id: string | number; readonly image?: string | undefined }[],
  file: AnswerFile,
): Submission {
  const given = byQuestion(file.answers);
  const rows = split.map(({ question_id: id, image }) => {
    const answer = given.get(id);
    if (answer) return { image, answer: normalizeAnswer(answer.text) };
    throw new VitaminError('INPUT_UNREADABLE', `Expected an answer to every question of VizWiz but found none to ${id}`);
  });
  return { text: pythonJson(rows), summary: summaryOf(given.size, rows.length, file.broken) };
}

function summaryOf(results: number, split: number, broken: number): string {
  return `total results: ${results}, total split: ${split}, error_line: ${broken}`;
}
