/** Which questions are asked, whom, and how. */
export const questionFlags = {
  benchmark: {
    kind: 'choice',
    value: 'name',
    choices: ['vqav2', 'gqa', 'vizwiz', 'sqa', 'textvqa', 'pope', 'mme', 'mmbench', 'mmbench-cn', 'seed', 'llava-wild', 'mmvet'],
    help: 'vqav2, gqa, vizwiz, sqa, textvqa, pope, mme, mmbench, mmbench-cn, seed, llava-wild, mmvet',
  },
  questions: { kind: 'text', value: 'file', help: 'the official question file' },
  images: { kind: 'text', value: 'dir', help: 'folder that its file names start at' },
  annotations: { kind: 'text', value: 'path', help: 'what answers are compared with (default: by its official name beside the questions)' },
  root: {
    kind: 'text',
    value: 'dir',
    excludes: ['benchmark', 'questions', 'images', 'annotations'],
    help: 'a data set of picture-world, with its annotations/questions.json',
  },
  answers: { kind: 'text', value: 'file', help: 'score these answers of another model, and ask nobody' },
} as const;
