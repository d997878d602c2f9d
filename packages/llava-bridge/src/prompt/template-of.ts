import { VitaminError } from '@vitamin-vlm/core';
import type { Template } from './template.ts';
import { templates } from './templates.data.ts';

/**
 * A template by its name in LLaVA, such as `vicuna_v1`, `llava_v1`, `plain` or `llama_2`. One of your own is passed through.
 *
 * @throws VitaminError `USAGE` naming the known ones.
 * @example
 * ```ts
 * import { templateOf } from '@vitamin-vlm/llava-bridge';
 * const curt = { ...templateOf('vicuna_v1'), system: 'Answer in one word.' };
 * ```
 */
export function templateOf(template: string | Template): Template {
  if (typeof template !== 'string') return template;
  if (Object.hasOwn(templates, template)) return templates[template]!;
  throw new VitaminError('USAGE', `Expected a template but received "${template}"`, {
    hint: `Known templates: ${Object.keys(templates).join(', ')}.`,
  });
}
