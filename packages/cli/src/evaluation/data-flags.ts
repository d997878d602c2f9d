/** Which data set, and how it is compared. */
export const dataFlags = {
  root: {
    kind: 'text',
    value: 'dir',
    excludes: ['annotations', 'images'],
    help: 'a data set as COCO, LVIS or picture-world lay it out',
  },
  annotations: { kind: 'text', value: 'file', help: 'annotation file as of COCO or LVIS, also .json.gz' },
  images: { kind: 'text', value: 'dir', help: 'folder that its file names start at' },
  split: { kind: 'text', value: 'name', help: 'ov-coco, ov-lvis, none, or a JSON file of groups (default: by the categories)' },
  iouType: {
    kind: 'choice',
    value: 'what',
    choices: ['bbox', 'segm'],
    help: 'compare boxes or masks (default: masks for LVIS and a detector that has them)',
  },
} as const;
