import type { Scene } from '../types.ts';
import { decodeRle, rleString } from '../rle.ts';
import { maskToPolygons } from './polygon.ts';

/** The annotation records of one scene as plain COCO objects. Annotation ids come later, when all scenes are in order. */
export interface SceneRecords {
  readonly image: { readonly id: number; readonly width: number; readonly height: number; readonly file_name: string };
  readonly instances: readonly object[];
  readonly panoptic: object;
  readonly captions: readonly object[];
  readonly questions: readonly object[];
}

/** File name of a scene's picture and maps. */
export function fileName(seed: number): string {
  return `${String(seed).padStart(12, '0')}.png`;
}

/** COCO records of a scene; the image id is the seed. */
export function recordsOf(scene: Scene): SceneRecords {
  const { seed, picture } = scene;
  const { width, height } = picture;
  const name = fileName(seed);
  return {
    image: { id: seed, width, height, file_name: name },
    instances: scene.things.map((thing) => ({
      image_id: seed,
      category_id: thing.categoryId,
      bbox: thing.box,
      area: thing.area,
      iscrowd: thing.crowd ? 1 : 0,
      // As COCO does: polygons for single things, run lengths for crowds.
      segmentation: thing.crowd
        ? { size: thing.mask.size, counts: rleString(thing.mask.counts) }
        : maskToPolygons(decodeRle(thing.mask), width, height, thing.box),
      attributes: {
        color: thing.color,
        pattern: thing.pattern,
        on: thing.on,
        side: thing.side,
        visible: Number(thing.visible.toFixed(4)),
      },
    })),
    panoptic: {
      image_id: seed,
      file_name: name,
      segments_info: [...scene.things, ...scene.stuff].map((segment) => ({
        id: segment.segmentId,
        category_id: segment.categoryId,
        area: segment.area,
        bbox: segment.box,
        iscrowd: 'crowd' in segment && segment.crowd ? 1 : 0,
      })),
    },
    captions: scene.captions.map((caption) => ({ image_id: seed, caption })),
    questions: scene.questions.map(({ type, question, answer }) => ({ image_id: seed, question_type: type, question, answer })),
  };
}
