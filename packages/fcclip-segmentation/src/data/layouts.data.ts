import { fromNumber, type LabelValues } from './label-values.ts';

/** Data sets whose layouts are known, by the names of their lists of classes. */
export type SegmentSetName =
  | 'coco-panoptic'
  | 'ade20k-150'
  | 'cityscapes'
  | 'mapillary'
  | 'ade20k-847'
  | 'pcontext-59'
  | 'pcontext-459'
  | 'voc-21'
  | 'voc-20'
  | 'coco-stuff';

/** Their names. */
export const segmentSetNames: readonly SegmentSetName[] = [
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
];

/** Label maps of a layout, and how they are meant. */
export interface SemanticLayout {
  readonly folder: string;
  readonly values: LabelValues;
  /** What a file's name has more than the picture's, before its ending. */
  readonly suffix?: string;
}

/** Where the parts of a data set lie below a root. Of each list the first that is there counts. */
export interface SegmentLayout {
  /** Folders below the root that may hold it all. */
  readonly below: readonly string[];
  readonly images: readonly string[];
  /** What a picture's name has more than that of its truth, before its ending. */
  readonly suffix?: string;
  /** Whether truth and pictures lie in other folders each, so that only the last part of a name pairs them. */
  readonly flat?: boolean;
  readonly panoptic?: { readonly annotations: readonly string[]; readonly maps: readonly string[]; readonly suffix?: string };
  /** Absent: what the panoptic maps say. */
  readonly semantic?: readonly SemanticLayout[];
  readonly instances?: readonly string[];
  /** A file that lists the pictures that count. */
  readonly list?: string;
  /** What to do where it is not there. */
  readonly hint?: string;
}

const upTo = (classes: number, none: number): LabelValues => ({ classes: fromNumber(0, classes), none: [none] });
const d2 = (folder: string, classes: number, none = 255): SemanticLayout => ({ folder, values: upTo(classes, none) });

/** Cityscapes' labelIds of its 19 trainIds; all others are not evaluated. */
const CITYSCAPES_IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
/** COCO's ids up to 182 that no category of COCO-Stuff has. */
const COCO_GAPS = new Set([12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91]);
/** COCO-Stuff's own maps hold the id less one. */
const STUFF_VALUES = fromNumber(1, 182).flatMap((id) => (COCO_GAPS.has(id) ? [] : [id - 1]));

const voc = (values: LabelValues): SegmentLayout => ({
  below: ['', 'VOC2012', 'VOCdevkit/VOC2012'],
  images: ['JPEGImages'],
  semantic: [{ folder: 'SegmentationClass', values }],
  list: 'ImageSets/Segmentation/val.txt',
});

/**
 * The layouts of the data sets that FC-CLIP is evaluated on, prepared for Detectron2 or as they are distributed. Sources: the README files and preparation scripts of
 * fc-clip, Mask2Former and detectron2; the layouts of the data sets themselves.
 */
export const segmentLayouts: Readonly<Record<SegmentSetName | 'picture-world', readonly SegmentLayout[]>> = {
  'picture-world': [
    {
      below: [''],
      images: ['images'],
      panoptic: { annotations: ['annotations/panoptic.json'], maps: ['panoptic'] },
      instances: ['annotations/instances.json'],
    },
  ],
  'coco-panoptic': [
    {
      below: ['', 'coco'],
      images: ['val2017', 'images/val2017'],
      panoptic: { annotations: ['annotations/panoptic_val2017.json'], maps: ['annotations/panoptic_val2017', 'panoptic_val2017'] },
      instances: ['annotations/instances_val2017.json'],
      hint: 'panoptic_val2017.zip lies inside of panoptic_annotations_trainval2017.zip, and is unpacked by itself.',
    },
  ],
  'ade20k-150': [
    {
      below: ['', 'ADEChallengeData2016'],
      images: ['images/validation'],
      panoptic: { annotations: ['ade20k_panoptic_val.json'], maps: ['ade20k_panoptic_val'] },
      semantic: [
        { folder: 'annotations/validation', values: { classes: fromNumber(1, 150), none: [0] } },
        d2('annotations_detectron2/validation', 150),
      ],
      instances: ['ade20k_instance_val.json'],
    },
  ],
  cityscapes: [
    {
      below: ['', 'cityscapes'],
      images: ['leftImg8bit/val'],
      suffix: '_leftImg8bit',
      flat: true,
      panoptic: {
        annotations: ['gtFine/cityscapes_panoptic_val.json'],
        maps: ['gtFine/cityscapes_panoptic_val'],
        suffix: '_gtFine_panoptic',
      },
      semantic: [
        { folder: 'gtFine/val', suffix: '_gtFine_labelTrainIds', values: upTo(19, 255) },
        { folder: 'gtFine/val', suffix: '_gtFine_labelIds', values: { classes: CITYSCAPES_IDS, none: 'others' } },
      ],
    },
  ],
  mapillary: ['', '/v1.2'].map((version) => ({
    below: ['', 'mapillary_vistas'],
    images: ['validation/images'],
    panoptic: { annotations: [`validation${version}/panoptic/panoptic_2018.json`], maps: [`validation${version}/panoptic`] },
    semantic: [d2(`validation${version}/labels`, 65, 65)],
  })),
  'ade20k-847': [
    {
      below: ['', 'ADE20K_2021_17_01'],
      images: ['images_detectron2/validation'],
      semantic: [d2('annotations_detectron2/validation', 847, 65_535)],
      hint: 'These folders are made from the full ADE20K by the script prepare_ade20k_full_sem_seg.py of MaskFormer and FC-CLIP.',
    },
  ],
  'pcontext-59': [
    {
      below: ['', 'pascal_ctx_d2'],
      images: ['images/validation'],
      semantic: [d2('annotations_ctx59/validation', 59)],
      hint: 'These folders are made by the script prepare_pascal_ctx_sem_seg.py of FC-CLIP.',
    },
  ],
  'pcontext-459': [
    {
      below: ['', 'pascal_ctx_d2'],
      images: ['images/validation'],
      semantic: [d2('annotations_ctx459/validation', 459, 65_535)],
      hint: 'These folders are made by the script prepare_pascal_ctx_full_sem_seg.py of FC-CLIP.',
    },
  ],
  'voc-21': [
    { below: ['', 'pascal_voc_d2'], images: ['images/validation'], semantic: [d2('annotations_pascal21/validation', 21)] },
    voc(upTo(21, 255)),
  ],
  'voc-20': [
    { below: ['', 'pascal_voc_d2'], images: ['images/validation'], semantic: [d2('annotations_pascal20/validation', 20)] },
    voc({ classes: fromNumber(1, 20), none: [0, 255] }),
  ],
  'coco-stuff': [
    {
      below: ['', 'coco', 'coco-stuff'],
      images: ['val2017', 'images/val2017'],
      semantic: [
        ...['stuffthingmaps/val2017', 'annotations/val2017'].map((folder) => ({ folder, values: { classes: STUFF_VALUES, none: [255] } })),
        d2('stuffthingmaps_detectron2/val2017', 171),
        d2('annotations_detectron2/val2017', 171),
      ],
    },
  ],
};
