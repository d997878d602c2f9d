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

/** What ends a line in the editors of all systems: LF, CR LF, CR alone, and Unicode's own line ends. */
const LINE_END = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/u;

/**
 * Labels from the text of a labels file: one label a line, synonyms separated by commas, optionally a number and a colon before them
 * (the form of FC-CLIP's vocabularies). Blank lines, lines that begin with `#` and the placeholder `invalid_class_id` are skipped.
 * JSON is taken as well: a list of names, a list of `{"id", "name"}`, or an object with such a list under `categories` (COCO's annotation files). Names in
 * JSON are taken as they are, commas included.
 *
 * @throws VitaminError `USAGE` for a file without labels, a line without a name, and JSON of another form.
 * @example
 * ```ts
 * import { parseLabelsFile } from '@vitamin-vlm/backbone';
 * console.log(parseLabelsFile('1:person,child\n2:bicycle,bike\n')[1]); // { name: 'bicycle', synonyms: [ 'bicycle', 'bike' ], id: 2 }
 * console.log(parseLabelsFile('["cat", "salt, pepper"]')[1]); // { name: 'salt, pepper', synonyms: [ 'salt, pepper' ] }
 * ```
 */
export function parseLabelsFile(text: string): Label[] {
  const content = text.replace(/^\ufeff/u, '');
  if (/^\s*(?:\{|\[\s*["{[\]])/u.test(content)) return labelsInJson(content);
  const labels: Label[] = [];
  for (const line of content.split(LINE_END)) {
    if (/^\s*(?:#|$)/u.test(line)) continue;
    const [, id, names] = /^\s*(?:(\d+)\s*:)?(.*)$/su.exec(line)!;
    if (names!.trim() === 'invalid_class_id') continue;
    labels.push(label(names!.split(','), id === undefined ? undefined : Number(id)));
  }
  return checkCount(labels);
}

function labelsInJson(text: string): Label[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw otherJson(`a syntax error: ${(cause as Error).message}`, cause);
  }
  const list = Array.isArray(json) ? json : (json as { categories?: unknown }).categories;
  if (!Array.isArray(list)) throw otherJson(`an object without "categories"`);
  return checkCount(
    list.map((entry: unknown) => {
      const { name, id } = typeof entry === 'string' ? { name: entry, id: undefined } : ((entry ?? {}) as { name?: unknown; id?: unknown });
      if (typeof name !== 'string') throw otherJson(JSON.stringify(entry).slice(0, 80));
      return label([name], typeof id === 'number' ? id : undefined);
    }),
  );
}

function otherJson(found: string, cause?: unknown): VitaminError {
  return new VitaminError('USAGE', `Expected a list of names in JSON but found ${found}`, {
    hint: 'Forms: a text file with a label a line, ["cat", "dog"], or COCO\'s {"categories": [{"id": 1, "name": "cat"}]}.',
    cause,
  });
}
