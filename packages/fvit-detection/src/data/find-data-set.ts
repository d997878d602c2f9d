import { VitaminError } from '@vitamin-vlm/core';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a data set lies. */
export interface DataSetPlaces {
  /** The annotation file. */
  readonly annotations: string;
  /** The folder that its file names start at. */
  readonly images: string;
}

interface Layout extends DataSetPlaces {
  readonly isLvis: boolean;
  /** A folder that must be there. */
  readonly holds: string;
}

/** As data sets lie on people's disks, the likeliest first. */
const layouts = (part: string): readonly Layout[] => [
  { annotations: 'annotations/instances.json', images: 'images', holds: 'images', isLvis: false },
  ...[`${part}2017`, `images/${part}2017`].map((images) => {
    return { annotations: `annotations/instances_${part}2017.json`, images, holds: images, isLvis: false };
  }),
  ...[`annotations/lvis_v1_${part}.json`, `lvis_v1_${part}.json`].flatMap((annotations) => [
    // The pictures of LVIS are those of COCO, of both of its parts.
    { annotations, images: '.', holds: 'train2017', isLvis: true },
    { annotations, images: '.', holds: 'val2017', isLvis: true },
    { annotations, images: 'images', holds: 'images/val2017', isLvis: true },
  ]),
];

/** Which data set of a root is meant. */
export interface FindDataSetOptions {
  /** Default: `val`. */
  readonly part?: 'train' | 'val' | undefined;
  /** Whether LVIS comes first where COCO and LVIS lie in one root. Default false. */
  readonly lvis?: boolean | undefined;
}

/**
 * Finds annotations and pictures of a data set in a root: those of picture-world (`annotations/instances.json`, `images`), COCO (`annotations/instances_val2017.json`,
 * `val2017`) and LVIS (`annotations/lvis_v1_val.json` or `lvis_v1_val.json`, with COCO's folders).
 *
 * @throws VitaminError `INPUT_NOT_FOUND` that lists what was looked for.
 * @example
 * ```ts
 * import { findDataSet } from '@vitamin-vlm/fvit-detection';
 * const { annotations, images } = await findDataSet('data/coco');
 * console.log(annotations, images); // data/coco/annotations/instances_val2017.json data/coco/val2017
 * ```
 */
export async function findDataSet(root: string, { part = 'val', lvis = false }: FindDataSetOptions = {}): Promise<DataSetPlaces> {
  const all = layouts(part);
  for (const { annotations, images, holds } of all.toSorted((a, b) => Number(b.isLvis === lvis) - Number(a.isLvis === lvis))) {
    const [file, folder] = await Promise.all([annotations, holds].map((path) => stat(join(root, path)).catch(() => undefined)));
    if (file?.isFile() && folder?.isDirectory()) return { annotations: join(root, annotations), images: join(root, images) };
  }
  const wanted = all.map(({ annotations, holds }) => `${annotations} with ${holds}/`);
  throw new VitaminError('INPUT_NOT_FOUND', `Expected a data set in ${root} but found none of ${[...new Set(wanted)].join(', ')}`, {
    hint: 'Name its parts instead: the folder of pictures and the annotation file.',
  });
}
