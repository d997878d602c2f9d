// The flags that more than one command takes. A flag of one command stands in that command's own table.

/** Every command takes these; they may stand before or after its name. */
export const globalFlags = {
  output: { kind: 'text', value: 'path', short: 'o', help: 'where to write: nothing is written without it' },
  json: { kind: 'switch', help: 'one JSON document on stdout' },
  jsonl: { kind: 'switch', help: 'one JSON object a line, as each is done', excludes: ['json'] },
  quiet: { kind: 'switch', short: 'q', help: 'no progress, no remarks; of written files only the paths' },
  verbose: { kind: 'switch', short: 'v', help: 'timings, and the stack of an error' },
  noProgress: { kind: 'switch', help: 'no progress' },
  noColor: { kind: 'switch', help: 'no colors' },
  threads: { kind: 'whole', least: 1, value: 'n', help: 'threads to compute with (default: the cores that are granted)' },
  device: { kind: 'text', value: 'name', help: 'engine to compute on: cpu, webgpu, cuda, tfjs (default: cpu)' },
  offline: { kind: 'switch', help: 'no request to any network' },
  cacheDir: { kind: 'text', value: 'dir', help: 'folder of all caches (default: the usual ones, see doctor)' },
  force: { kind: 'switch', help: 'overwrite files, download again' },
} as const;

/** Of commands that load a model. */
export const modelFlags = {
  model: { kind: 'text', value: 'model', short: 'm', default: 'nano', help: 'name, file, folder or hf: address; nano is embedded' },
  precision: {
    kind: 'choice',
    choices: ['float32', 'int8'],
    default: 'float32',
    value: 'type',
    help: 'what the towers multiply in; int8 is faster on most processors and a little coarser',
  },
} as const;

/** Of commands that take pictures. */
export const inputFlags = {
  filesFrom: { kind: 'text', value: 'file', help: 'a list of pictures, a name a line, or NUL between them; - is standard input' },
} as const;

/** Of commands that ask with words. */
export const wordFlags = {
  labels: { kind: 'list', value: 'a,b,c', short: 'l', help: 'words to ask; a|b are two names of one label' },
  label: { kind: 'repeated', value: 'name', countsAs: 'labels', help: 'one label, with its commas; may be repeated' },
  labelsFile: { kind: 'text', value: 'file', excludes: ['labels', 'label'], help: 'a label a line, synonyms between commas; or JSON' },
  templates: {
    kind: 'text',
    value: 'name',
    default: 'simple',
    help: 'prompts: simple, imagenet7, imagenet80, fcclip, fvit, or "a sketch of a {}."',
  },
} as const;

/** Of commands that cut pictures into parts by words, beside `labels` and `labelsFile`. */
export const segmentWordFlags = {
  vocabulary: {
    kind: 'text',
    value: 'name',
    excludes: ['labels', 'labelsFile'],
    help: 'coco, ade20k, cityscapes, ..., a file of labels, or an annotation file with categories',
  },
  things: { kind: 'list', value: 'a,b,c', help: 'labels that can be counted; all others are stuff' },
  stuff: { kind: 'list', value: 'a,b,c', help: 'labels that cannot be counted, beside those of the training' },
  seen: { kind: 'list', value: 'a,b,c', help: "labels scored as seen in training (default: the model's own)" },
  templates: { kind: 'text', value: 'name', help: 'prompts: as for classify (default: fcclip; simple for a tower alone)' },
} as const;

/** Of commands that can ask what an earlier run of the tower has found. */
export const encodingFlags = {
  encoding: { kind: 'text', value: 'file', help: 'what vitamin encode wrote, instead of running the image tower' },
} as const;

/** Of commands that slide windows over a picture. */
export const windowFlags = {
  size: { kind: 'whole', least: 1, value: 'px', help: 'scale the shortest edge to this length (default: the window)' },
  window: { kind: 'whole', least: 1, value: 'px', help: "side of a window (default: the model's image size)" },
  stride: { kind: 'whole', least: 1, value: 'px', help: 'from window to window (default: half a window)' },
} as const;

/** Of commands that run a detector, beside those of the model. */
export const detectorFlags = {
  tower: { kind: 'text', value: 'model', help: 'the CLIP model that the detector was built on; new words need it' },
  size: { kind: 'whole', least: 1, value: 'px', help: "scale the longest edge to this length (default: the detector's)" },
  window: { kind: 'whole', least: 1, value: 'px', help: "side of a window (default: the detector's)" },
  stride: { kind: 'whole', least: 1, value: 'px', help: "from window to window (default: the detector's)" },
} as const;

/** Of commands that choose among what a detector proposes. Defaults are those of the detector's family. */
export const choiceFlags = {
  score: { kind: 'fraction', value: 'p', help: 'only scores above this (OV-COCO: 0.01, OV-LVIS: 0.0001)' },
  nms: { kind: 'fraction', value: 'iou', help: 'of boxes of one label that overlap more, the best (0.4, 0.5)' },
  max: { kind: 'whole', least: 1, value: 'n', help: 'detections of a picture at most (100, 300)' },
  alpha: { kind: 'fraction', value: 'w', help: "weight of CLIP's opinion for base labels (0.1)" },
  beta: { kind: 'fraction', value: 'w', help: "weight of CLIP's opinion for novel labels (0.8, 0.4)" },
  vlmTemperature: { kind: 'number', value: 't', help: "factor on CLIP's cosines (75, 50)" },
} as const;

/** Of commands that run a segmenter, beside those of the model. */
export const segmenterFlags = {
  tower: { kind: 'text', value: 'model', help: 'the CLIP model that the segmenter was built on' },
  posEmbed: {
    kind: 'choice',
    value: 'how',
    choices: ['add', 'skip'],
    help: "the tower's position embedding in every window (default: add)",
  },
  tier: {
    kind: 'choice',
    value: 'name',
    choices: ['exact', 'balanced', 'fast'],
    help: 'how densely windows lie: exact (as published, default), balanced, fast',
    excludes: ['stride'],
  },
  window: { kind: 'whole', least: 1, value: 'px', help: "side of a window (default: the segmenter's)" },
  stride: { kind: 'whole', least: 16, value: 'px', help: "from window to window, a multiple of 16 (default: the segmenter's)" },
  shortest: { kind: 'whole', least: 1, value: 'px', help: 'on ConvNeXt, which has no windows: the shorter edge becomes this (800)' },
  longest: { kind: 'whole', least: 1, value: 'px', help: 'and the longer one at most this (1333)' },
} as const;

/** Those of them that say how a picture is read. */
export const segmentReadingNames = ['tier', 'window', 'stride', 'shortest', 'longest'] as const;

/** Of commands that choose among the masks of a segmenter. Defaults are those of the segmenter. */
export const maskFlags = {
  score: { kind: 'fraction', value: 'p', help: 'panoptic: only masks whose best label scores above this (0)' },
  overlap: { kind: 'fraction', value: 'share', help: 'panoptic: a mask of which a smaller share is left is dropped (0.8)' },
  max: { kind: 'whole', least: 1, value: 'n', help: 'instances of a picture at most (100)' },
  alpha: { kind: 'fraction', value: 'w', help: "weight of CLIP's opinion for labels of the training (0.45)" },
  beta: { kind: 'fraction', value: 'w', help: "weight of CLIP's opinion for other labels (0.7)" },
} as const;
