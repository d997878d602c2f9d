/** What the command does: evaluates, unless its first word says otherwise. */
export type CommandName = 'evaluate' | 'compare' | 'check' | 'merge';

/** A flag of the command line. */
export interface Flag {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** Who takes it; absent: `evaluate` alone. */
  readonly of?: readonly CommandName[];
}

type Switch =
  | 'lvis'
  | 'crowdpose'
  | 'panoptic'
  | 'semantic'
  | 'no-cats'
  | 'tide'
  | 'confusion'
  | 'per-class'
  | 'calibration'
  | 'label-errors'
  | 'json'
  | 'csv'
  | 'force'
  | 'quiet'
  | 'help'
  | 'version';
type Text =
  | 'iou-type'
  | 'iou-thrs'
  | 'sigmas'
  | 'gt-folder'
  | 'dt-folder'
  | 'gt-classes'
  | 'dt-classes'
  | 'ignore'
  | 'split'
  | 'img-ids'
  | 'cat-ids'
  | 'max-dets'
  | 'area'
  | 'mode'
  | 'shard'
  | 'output'
  | 'report'
  | 'title'
  | 'images'
  | 'threads'
  | 'bootstrap'
  | 'seed'
  | 'confidence';
export type FlagName = Switch | Text;

/** The flags of a command line: `true`, or a text. */
export type FlagValues = { readonly [F in Switch]?: boolean } & { readonly [F in Text]?: string };

const numbers = ['evaluate', 'compare'] as const;
const shown = ['evaluate', 'compare', 'merge'] as const;
const every = ['evaluate', 'compare', 'check', 'merge'] as const;

/** Every flag, in the order of the help. */
export const flags: Readonly<Record<FlagName, Flag>> = {
  'iou-type': { type: 'string', value: 'bbox|segm|boundary|keypoints', help: 'what is compared (default bbox)', of: numbers },
  lvis: { type: 'boolean', help: 'LVIS rules: federated annotations, 300 detections per image, APr APc APf', of: numbers },
  crowdpose: { type: 'boolean', help: 'CrowdPose rules: 14 keypoints, AP of easy, medium and hard images', of: numbers },
  panoptic: { type: 'boolean', help: 'panoptic quality; the PNG folders stand beside the JSON files' },
  semantic: { type: 'boolean', help: 'mIoU, fwIoU, mACC, pACC of the label maps in --gt-folder and --dt-folder' },
  'gt-folder': { type: 'string', value: 'DIR', help: 'PNG folder of the ground truth (--panoptic: GT without .json)' },
  'dt-folder': { type: 'string', value: 'DIR', help: 'PNG folder of the results (--panoptic: DT without .json)' },
  'gt-classes': {
    type: 'string',
    value: 'FILE',
    help: 'with --semantic: JSON of the true classes (default: semantic.json)',
  },
  'dt-classes': { type: 'string', value: 'FILE', help: 'those of the results, matched by name (default: semantic.json)' },
  ignore: { type: 'string', value: 'N', help: 'with --semantic: value of pixels without ground truth (default 255)' },
  split: { type: 'string', value: 'ov-coco|ov-lvis|FILE', help: 'AP50 of groups of categories, as for open vocabularies', of: numbers },
  'img-ids': { type: 'string', value: 'LIST|@FILE', help: 'only these images: 1,2,3 or a file of ids', of: numbers },
  'cat-ids': { type: 'string', value: 'LIST|@FILE', help: 'only these categories', of: numbers },
  'no-cats': { type: 'boolean', help: 'compare all categories as one (useCats = 0)', of: numbers },
  'iou-thrs': { type: 'string', value: 'LIST', help: 'IoU thresholds (default 0.5 to 0.95 in steps of 0.05)', of: numbers },
  sigmas: { type: 'string', value: 'LIST|@FILE', help: "keypoints: standard deviations, one a point (default: COCO's 17)", of: numbers },
  'max-dets': { type: 'string', value: 'LIST', help: 'detections per image (default 1,10,100; keypoints 20)', of: numbers },
  area: { type: 'string', value: 'NAME=LOW:HIGH,...', help: 'size classes in pixels instead of small, medium, large', of: numbers },
  mode: {
    type: 'string',
    value: 'reference|fixed',
    help: 'where the reference has a bug: its number (default), or the right one',
    of: numbers,
  },
  tide: { type: 'boolean', help: 'what each kind of mistake costs (TIDE)' },
  confusion: { type: 'boolean', help: 'confusion matrix at IoU 0.5' },
  calibration: {
    type: 'boolean',
    help: 'whether scores are what they promise: ECE and MCE of 10 bins at IoU 0.5',
    of: ['evaluate', 'merge'],
  },
  'label-errors': { type: 'boolean', help: 'where annotations may be wrong: confident detections against them' },
  'per-class': { type: 'boolean', help: 'one line per category', of: shown },
  shard: { type: 'string', value: 'I/N', help: 'match only part I of N; coco-eval merge joins the parts' },
  json: { type: 'boolean', help: 'one JSON document instead of text', of: every },
  csv: {
    type: 'boolean',
    help: 'comma-separated values: metrics, or with --per-class categories',
    of: shown,
  },
  output: { type: 'string', short: 'o', value: 'FILE', help: 'write the result there instead of to stdout', of: every },
  report: { type: 'string', value: 'DIR', help: 'also write a page with curves, bars, confusion and worst images', of: shown },
  title: { type: 'string', value: 'TEXT', help: 'title of the page (default: the name of the results)', of: shown },
  images: { type: 'string', value: 'DIR', help: 'with --report: the pictures, to be shown below the boxes' },
  threads: { type: 'string', value: 'N', help: 'worker threads that match (default 1; pays for large mask files)', of: numbers },
  bootstrap: { type: 'string', value: 'N', help: 'resamples of the images for the intervals (default 1000; 0: none)', of: ['compare'] },
  seed: { type: 'string', value: 'N', help: 'of the resamples: the same seed, the same intervals (default 1)', of: ['compare'] },
  confidence: { type: 'string', value: 'P', help: 'share of the resamples inside of an interval (default 0.95)', of: ['compare'] },
  force: { type: 'boolean', help: 'let -o and --report overwrite what has their name', of: every },
  quiet: { type: 'boolean', short: 'q', help: 'no progress and no warnings', of: every },
  help: { type: 'boolean', short: 'h', help: 'this text', of: every },
  version: { type: 'boolean', help: 'the version of this program', of: every },
};
