import type { Label } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { PanopticCategory } from 'coco-eval-js';
import { type ClassList, readClassList, type VocabularyName } from '../vocabulary/vocabularies.ts';

/** The classes of a panoptic file. */
export interface PanopticClasses extends ClassList {
  /** In the order of the classes: by rising id. */
  readonly categories: readonly PanopticCategory[];
}

/**
 * The classes of a panoptic file in the order of their ids, by the names in a list, or those in the file: `synonyms` of a category where it has them, else its name.
 *
 * @throws VitaminError `USAGE` for a list with another number of classes.
 */
export async function panopticClasses(
  categories: readonly PanopticCategory[],
  vocabulary: VocabularyName | undefined,
): Promise<PanopticClasses> {
  const ordered = categories.toSorted((a, b) => Number(a.id) - Number(b.id));
  if (vocabulary === undefined) {
    return { labels: ordered.map(ownLabel), things: ordered.map(({ isthing }) => Boolean(isthing)), categories: ordered };
  }
  const list = await readClassList(vocabulary);
  if (list.labels.length === ordered.length) return { ...list, categories: ordered };
  throw new VitaminError('USAGE', `Expected a list of ${ordered.length} names but ${vocabulary} has ${list.labels.length}`, {
    hint: 'Leave the list out: the names in the file are used then.',
  });
}

/** Names as they stand in a panoptic file: `tree-merged`, `sky-other-merged` and `floor-wood` are spelled for programs. */
function ownLabel({ id, name, ...more }: PanopticCategory): Label {
  const { synonyms } = more as { readonly synonyms?: unknown };
  if (Array.isArray(synonyms) && synonyms.length > 0 && synonyms.every((one) => typeof one === 'string' && one.trim() !== '')) {
    return { name: synonyms[0] as string, synonyms: synonyms as string[] };
  }
  const spoken = (name ?? `class ${id}`).replace(/(?:-other)?-merged$/u, '').replaceAll('-', ' ');
  return { name: spoken, synonyms: [spoken] };
}
