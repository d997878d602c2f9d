import type { PassThrough } from '../command.ts';

/** Hands its arguments to the command of coco-eval-js and ends with its status. */
export const cocoEval: PassThrough = {
  name: 'eval',
  summary: 'detection, segmentation and panoptic metrics: the command coco-eval',
  usage: 'GT.json DT.json [flags]',
  pass: async (args, signal) => await (await import('../work/run-coco-eval.ts')).runCocoEval(args, signal),
};
