import { basename } from 'node:path';
import type { Label } from '@vitamin-vlm/backbone';
import { cvatImage, instanceResults, labelStudioTask, panopticResult, type Segmented, type Shape } from '@vitamin-vlm/fcclip-segmentation';
import { labelColor } from '@vitamin-vlm/image';
import type { Sink } from '../file-writer.ts';
import { stemOf } from '../picture-source.ts';
import { RecordDocument } from '../record-document.ts';
import type { SegmentFiles } from './segment-files.ts';

/** A document of what was found in many pictures. It grows as they come; of a picture only its size is kept. */
export interface SegmentDocument {
  /** Adds the picture at a place of the list. */
  readonly add: (place: number, written: WrittenPicture) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What was found in a picture, and where its files went. */
export interface WrittenPicture {
  readonly found: Segmented;
  readonly shapes: readonly Shape[];
  readonly files: SegmentFiles;
}

/** What the documents of a run have in common. */
export interface DocumentSet {
  readonly files: readonly string[];
  readonly labels: readonly Label[];
  /** For each label. */
  readonly things: readonly boolean[];
  /** Name of the model that found them. */
  readonly model: string;
}

/** Ids of pictures: the numbers that they are named by, as COCO names them, where each has one of its own, else their places from 1. */
function imageIdsOf(files: readonly string[]): number[] {
  const numbers = files.map((file) => {
    const stem = stemOf(file);
    return /^\d+$/u.test(stem) ? Number(stem) : Number.NaN;
  });
  const named = numbers.every(Number.isSafeInteger) && new Set(numbers).size === files.length;
  return named ? numbers : files.map((_, i) => i + 1);
}

/** Ids of labels: those of the list they come from, where it has them, else their places from 1. */
function categoryIdsOf(labels: readonly Label[]): number[] {
  const ids = labels.map(({ id }) => id ?? Number.NaN);
  const listed = ids.every(Number.isSafeInteger) && new Set(ids).size === labels.length;
  return listed ? ids : labels.map((_, i) => i + 1);
}

/** `panoptic.json` as panopticapi reads it: annotations, images, categories. */
function panopticDocument({ files, labels, things }: DocumentSet, sink: Sink): SegmentDocument {
  const document = new RecordDocument({}, 'annotations', [sink]);
  const [imageIds, categoryIds] = [imageIdsOf(files), categoryIdsOf(labels)];
  const images: object[] = [];
  return {
    add: async (place, { found, files: { panoptic } }) => {
      const imageId = imageIds[place]!;
      images.push({ id: imageId, width: found.width, height: found.height, file_name: files[place]! });
      await document.add(panopticResult(found.panoptic!, { imageId, categoryIds, fileName: basename(panoptic!) }));
    },
    end: async () => {
      const categories = labels.map(({ name }, i) => {
        return { id: categoryIds[i]!, name, isthing: things[i] ? 1 : 0, color: labelColor(i) };
      });
      await document.end({ images, categories });
    },
  };
}

/** `instances.json`: a COCO results file, a list. */
function instancesDocument({ files, labels }: DocumentSet, sink: Sink): SegmentDocument {
  const [imageIds, categoryIds] = [imageIdsOf(files), categoryIdsOf(labels)];
  const list = growingList(sink);
  return {
    add: async (place, { found }) => {
      for (const result of instanceResults(found.instances!, { imageId: imageIds[place]!, categoryIds })) await list.add(result);
    },
    end: list.end,
  };
}

/** A JSON list with a line for each entry. */
function growingList(sink: Sink): { readonly add: (entry: object) => Promise<void>; readonly end: () => Promise<void> } {
  let begun = false;
  return {
    add: async (entry) => {
      await sink(`${begun ? ',' : '['}\n${JSON.stringify(entry)}`);
      begun = true;
    },
    end: async () => await sink(begun ? '\n]\n' : '[]\n'),
  };
}

/** `semantic.json`: what the numbers in the semantic PNGs mean. */
function semanticDocument({ labels }: DocumentSet, sink: Sink): SegmentDocument {
  const narrow = labels.length <= 255;
  const entries = labels.map(({ name }, id) => ({ id, name, ...(narrow ? { color: labelColor(id) } : {}) }));
  return {
    add: async () => undefined,
    end: async () => await sink(`${JSON.stringify({ labels: entries, unlabeledValue: narrow ? 255 : 65_535 }, null, 2)}\n`),
  };
}

/** `label-studio.json`: tasks with their predictions. */
function labelStudioDocument({ files, model }: DocumentSet, sink: Sink): SegmentDocument {
  const list = growingList(sink);
  return {
    add: async (place, { found, shapes }) => {
      await list.add(labelStudioTask(shapes, { file: files[place]!, width: found.width, height: found.height }, model));
    },
    end: list.end,
  };
}

/** `cvat.xml`: the format "CVAT for images 1.1". */
function cvatDocument({ files }: DocumentSet, sink: Sink): SegmentDocument {
  let count = 0;
  const begin = async (): Promise<void> => {
    if (count === 0) await sink('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n');
  };
  return {
    add: async (place, { found, shapes }) => {
      await begin();
      await sink(cvatImage(shapes, { file: files[place]!, width: found.width, height: found.height }, count++));
    },
    end: async () => {
      await begin();
      await sink('</annotations>\n');
    },
  };
}

/** The documents of a run, by task and by format. */
export const documentKinds: Readonly<
  Record<
    'panoptic' | 'semantic' | 'instance' | 'label-studio' | 'cvat',
    { readonly name: string; readonly begin: (set: DocumentSet, sink: Sink) => SegmentDocument }
  >
> = {
  panoptic: { name: 'panoptic.json', begin: panopticDocument },
  semantic: { name: 'semantic.json', begin: semanticDocument },
  instance: { name: 'instances.json', begin: instancesDocument },
  'label-studio': { name: 'label-studio.json', begin: labelStudioDocument },
  cvat: { name: 'cvat.xml', begin: cvatDocument },
};
