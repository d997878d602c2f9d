import type { Id } from '../coco/id-keys.ts';
import type { EvaluationContext } from '../coco/types.ts';

/** What people call the images and categories of a data set. */
export interface Named {
  /** The file of an image, or its id. */
  readonly image: (id: Id) => string;
  readonly category: (id: Id) => string;
}

/** Names by the ids of the files; the id where there is none. */
export function namesIn({ images, categories, keys }: EvaluationContext): Named {
  const files = new Map(images.map(({ id, file_name: file }) => [keys.id(id), file]));
  const names = new Map(categories.map(({ id, name }) => [keys.id(id), name]));
  return { image: (id) => text(files.get(id), id), category: (id) => text(names.get(id), id) };
}

function text(found: unknown, id: Id): string {
  return typeof found === 'string' ? found : String(id);
}
