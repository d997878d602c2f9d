import type { Backbone, Label, Prompts, VocabularyMatrix } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from './command.ts';
import type { wordFlags } from './flags.ts';
import type { Output } from './output.ts';
import { oneLine } from './text.ts';
import { readText } from './text-file.ts';

export { readText } from './text-file.ts';

/** A list of labels is words; more than this is another kind of file. */
const MAX_LABELS_FILE = 16 * 2 ** 20;

/** The words that the flags give, and how they are put to the text tower. */
export interface Words {
  readonly labels: readonly Label[];
  readonly prompts: Prompts;
}

/**
 * Reads the words that --labels or --labels-file and --templates give.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read or holds no labels, for empty labels, and for unknown templates.
 */
export async function readWords({ flags, output }: Context<typeof wordFlags>): Promise<Words> {
  const { labels = [], label = [], labelsFile, templates } = flags;
  const { parseLabelsFile, parseLabels } = await import('@vitamin-vlm/backbone');
  const parsed =
    labelsFile === undefined
      ? parseLabels([...labels, ...label])
      : parseLabelsFile(await readText(labelsFile, MAX_LABELS_FILE, '--labels-file'));
  warnOfDoubles(parsed, output);
  return { labels: parsed, prompts: await readPrompts(templates) };
}

/** A name that stands twice shares its probability with itself. */
export function warnOfDoubles(labels: readonly Label[], output: Output): void {
  const seen = new Set<string>();
  const doubles = new Set<string>();
  for (const { name } of labels) {
    if (seen.has(name)) doubles.add(name);
    seen.add(name);
  }
  if (doubles.size === 0) return;
  const shown = [...doubles].slice(0, 5).join(', ');
  output.warn(
    `Labels that stand more than once share their score: ${oneLine(shown)}${doubles.size > 5 ? ` and ${doubles.size - 5} more` : ''}`,
  );
}

/** Makes vectors of words; those that were asked before come from disk. */
export async function loadVocabulary(context: Context, backbone: Backbone, { labels, prompts }: Words): Promise<VocabularyMatrix> {
  return await backbone.vocabulary(labels, { prompts, signal: context.signal, onProgress: context.progress.reporter('words') });
}

/** A set of prompts by name, or one template with {} for the label. */
export async function readPrompts(templates: string): Promise<Prompts> {
  if (templates.includes('{}')) return [templates];
  const { promptSets } = await import('@vitamin-vlm/backbone');
  const name = (Object.keys(promptSets) as (keyof typeof promptSets)[]).find((known) => known === templates);
  if (name !== undefined) return name;
  throw new VitaminError('USAGE', `Expected --templates ${Object.keys(promptSets).join(', ')} or a text with {} but received ${templates}`);
}
