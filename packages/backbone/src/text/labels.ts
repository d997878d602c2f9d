import { VitaminError } from '@vitamin-vlm/core';

/** One label with its synonyms. A picture's score for it is its best score over the names. */
export interface Label {
  /** What is shown: the first name. */
  readonly name: string;
  /** Every name that stands for it, the shown one first. At least one. */
  readonly synonyms: readonly string[];
  /** Number in the file the label came from, if it had one. */
  readonly id?: number;
}

/** More labels than this do not fit the 16-bit label maps, and no vocabulary has them. */
export const MAX_LABELS = 65_535;

function label(names: readonly string[], id?: number): Label {
  const synonyms = names.map((name) => name.trim()).filter((name) => name !== '');
  if (synonyms.length === 0) throw new VitaminError('USAGE', 'Expected a label but received an empty name');
  return { name: synonyms[0]!, synonyms, ...(id === undefined ? {} : { id }) };
}

function checkCount(labels: Label[]): Label[] {
  if (labels.length > 0 && labels.length < MAX_LABELS) return labels;
  throw new VitaminError('USAGE', `Expected 1 to ${MAX_LABELS - 1} labels but received ${labels.length}`);
}

/**
 * Labels from a list of words; `|` separates synonyms.
 *
 * @throws VitaminError `USAGE` for an empty list or an empty name.
 * @example
 * ```ts
 * import { parseLabels } from '@vitamin-vlm/backbone';
 * console.log(parseLabels(['cat|kitten', 'red umbrella'])[0]); // { name: 'cat', synonyms: [ 'cat', 'kitten' ] }
 * ```
 */
export function parseLabels(list: readonly string[]): Label[] {
  return checkCount(list.map((entry) => label(entry.split('|'))));
}

/**
 * Labels from the text of a labels file: one label a line, synonyms separated by commas, optionally a number and a colon before them
 * (the form of FC-CLIP's vocabularies). Blank lines, lines that begin with `#` and the placeholder `invalid_class_id` are skipped.
 *
 * @throws VitaminError `USAGE` for a file without labels or a line without a name.
 * @example
 * ```ts
 * import { parseLabelsFile } from '@vitamin-vlm/backbone';
 * console.log(parseLabelsFile('1:person,child\n2:bicycle,bike\n')[1]); // { name: 'bicycle', synonyms: [ 'bicycle', 'bike' ], id: 2 }
 * ```
 */
export function parseLabelsFile(text: string): Label[] {
  const labels: Label[] = [];
  for (const line of text.replace(/^\ufeff/u, '').split(/\r?\n/u)) {
    if (/^\s*(?:#|$)/u.test(line)) continue;
    const [, id, names] = /^\s*(?:(\d+)\s*:)?(.*)$/u.exec(line)!;
    if (names!.trim() === 'invalid_class_id') continue;
    labels.push(label(names!.split(','), id === undefined ? undefined : Number(id)));
  }
  return checkCount(labels);
}
