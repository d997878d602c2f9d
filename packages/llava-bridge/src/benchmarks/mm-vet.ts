import { pythonJson } from '../text/python-json.ts';
import type { Answer } from './answers.ts';

/** The file that MM-Vet's judge takes: answers by `v1_{question}`. */
export function mmVetResults(answers: readonly Answer[]): string {
  return pythonJson(new Map(answers.map(({ question_id: id, text }) => [`v1_${id}`, text])), { indent: 2 });
}
