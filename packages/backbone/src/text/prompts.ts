import { VitaminError } from '@vitamin-vlm/core';
import { type PromptSet, type PromptSetName, promptSets } from './prompt-sets.ts';

/** A prompt set by name, the templates themselves, or a set with its own way to write names. */
export type Prompts = PromptSetName | readonly string[] | PromptSet;

/** Turns the three ways to say a prompt set into one, and checks that every template has a place for the name. */
function promptSet(prompts: Prompts): PromptSet {
  if (typeof prompts === 'string') {
    if (Object.hasOwn(promptSets, prompts)) return promptSets[prompts];
    throw new VitaminError('USAGE', `Expected a prompt set (${Object.keys(promptSets).join(', ')}) but received "${prompts as string}"`);
  }
  const set = 'templates' in prompts ? prompts : { templates: prompts };
  const broken = set.templates.length === 0 ? '' : set.templates.find((template) => !template.includes('{}'));
  if (broken !== undefined) {
    throw new VitaminError('USAGE', `Expected prompt templates with {} for the label but received "${broken}"`, {
      hint: 'For example: "a photo of {article} {}."',
    });
  }
  return set;
}

/**
 * The sentences of one name of a label, one per template.
 *
 * @throws VitaminError `USAGE` for an unknown set, an empty list, or a template without `{}`.
 * @example
 * ```ts
 * import { fillPrompts } from '@vitamin-vlm/backbone';
 * console.log(fillPrompts('apple', ['a photo of {article} {}.'])); // [ 'a photo of an apple.' ]
 * console.log(fillPrompts('cat', 'imagenet80').length); // 80
 * ```
 */
export function fillPrompts(name: string, prompts: Prompts = 'simple'): string[] {
  const { templates, formatName } = promptSet(prompts);
  const written = formatName?.(name) ?? name;
  const article = /^[aeiou]/u.test(name) ? 'an' : 'a';
  // Replacement by function: "$&" in a name is text.
  return templates.map((template) => template.replaceAll(/\{(article)?\}/gu, (_, isArticle?: string) => (isArticle ? article : written)));
}
