/** Which data set, and what of it. */
export const segmentDataFlags = {
  dataset: {
    kind: 'choice',
    value: 'name',
    choices: [
      'coco-panoptic',
      'ade20k-150',
      'cityscapes',
      'mapillary',
      'ade20k-847',
      'pcontext-59',
      'pcontext-459',
      'voc-21',
      'voc-20',
      'coco-stuff',
    ],
    help: "a data set that lies in its usual folders (default: picture-world's)",
  },
  root: {
    kind: 'text',
    value: 'dir',
    excludes: ['annotations', 'images', 'maps', 'instances'],
    help: 'its folder, or the one that holds several data sets',
  },
  images: { kind: 'text', value: 'dir', help: 'plain folders: the pictures' },
  maps: { kind: 'text', value: 'dir', help: 'plain folders: label maps, or the panoptic maps of --annotations' },
  annotations: { kind: 'text', value: 'file', help: 'plain folders: panoptic annotation file of COCO' },
  instances: { kind: 'text', value: 'file', help: 'plain folders: annotation file of COCO with the masks of things' },
  vocabulary: { kind: 'text', value: 'list|file', help: 'plain folders: the classes in order (default: those of --annotations)' },
  ignore: { kind: 'whole', value: 'n', help: 'plain folders: number in label maps where nothing is known (255, or 65535)' },
} as const;
