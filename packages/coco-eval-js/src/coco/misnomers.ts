/** Names that other formats use, and what they are called here. */
const MISNOMERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    id: ['_id', 'ann_id', 'annotation_id'],
    image_id: ['imageId', 'imageid', 'image', 'img_id', 'image_name', 'file_name', 'filename'],
    category_id: ['categoryId', 'categoryid', 'category', 'class_id', 'classId', 'class', 'cls', 'label', 'label_id', 'category_name'],
    score: ['confidence', 'conf', 'confidence_score', 'prob', 'probability', 'scores', 'detection_score'],
    bbox: ['box', 'boxes', 'bboxes', 'bounding_box', 'boundingBox', 'xyxy', 'xywh'],
    segmentation: ['mask', 'masks', 'rle', 'segm', 'polygon', 'polygons', 'segments'],
    keypoints: ['keypoint', 'kpts', 'points'],
  }).flatMap(([name, others]) => others.map((other) => [other, name] as const)),
);

/** What a key of another format stands for. */
export function meaningOf(key: string): string | undefined {
  return MISNOMERS.get(key);
}

/** Advice for a field that is missing, where another key of the entry seems to be it. */
export function renameAdvice(name: string, keys: Iterable<string>): string | undefined {
  for (const key of keys) if (MISNOMERS.get(key) === name) return `The entry has "${key}": call it "${name}".`;
  return undefined;
}
