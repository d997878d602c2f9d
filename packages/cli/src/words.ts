import type { Backbone, Label, Prompts, VocabularyMatrix } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from './command.ts';
import type { wordFlags } from './flags.ts';
import { readText } from './text-file.ts';

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
export async function readWords({ flags: { labels, labelsFile, templates } }: Context<typeof wordFlags>): Promise<Words> {
  const { parseLabelsFile, parseLabels } = await import('@vitamin-vlm/backbone');
  const parsed =
    labelsFile === undefined ? parseLabels(labels ?? []) : parseLabelsFile(await readText(labelsFile, MAX_LABELS_FILE, '--labels-file'));
  return { labels: parsed, prompts: await readPrompts(templates) };
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
