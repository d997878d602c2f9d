import { readFile, stat } from 'node:fs/promises';
import { type Label, parseClassesFile, parseLabels, type Prompts, promptSets } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { WordFlags } from './commands.ts';

/** A list of labels is words; more than this is another kind of file. */
const MAX_LABELS_FILE = 16 * 2 ** 20;

/**
 * The labels that the flags give.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read or holds no labels, and for empty labels.
 */
export async function readLabels({ labels, labelsFile }: WordFlags): Promise<Label[]> {
  return labelsFile === undefined
    ? parseLabels(labels ?? [])
    : parseClassesFile(await readText(labelsFile, MAX_LABELS_FILE, '--labels-file'));
}

/** The text of a file that a flag names. @throws VitaminError `USAGE` when it cannot be read or is larger than `most` bytes. */
export async function readText(path: string, most: number, flagName: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > most) throw new VitaminError('USAGE', `Expected at most ${most} bytes in ${flagName} ${path} but found ${size}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new VitaminError('USAGE', `Expected a text file for ${flagName} but ${path} cannot be read: ${reason}`, { cause });
  }
}

/**
 * The prompts that --templates gives: a set by name, or one template with {} for the label.
 *
 * @throws VitaminError `USAGE` for anything else.
 */
export function readPrompts(templates = 'simple'): Prompts {
  if (templates.includes('{}')) return [templates];
  const name = (Object.keys(promptSets) as (keyof typeof promptSets)[]).find((known) => known === templates);
  if (name !== undefined) return name;
  throw new VitaminError('USAGE', `Expected --templates ${Object.keys(promptSets).join(', ')} or a text with {} but received ${templates}`);
}
