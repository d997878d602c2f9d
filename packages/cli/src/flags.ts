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
  device: { kind: 'text', value: 'name', help: 'engine to compute on: cpu, webgpu, cuda (default: cpu)' },
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

/** Of commands that ask with words. */
export const wordFlags = {
  labels: { kind: 'list', value: 'a,b,c', short: 'l', help: 'words to ask; a|b are two names of one label' },
  labelsFile: { kind: 'text', value: 'file', excludes: ['labels'], help: 'a label a line, synonyms between commas' },
  templates: {
    kind: 'text',
    value: 'name',
    default: 'simple',
    help: 'prompts: simple, imagenet7, imagenet80, fcclip, fvit, or "a sketch of a {}."',
  },
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
