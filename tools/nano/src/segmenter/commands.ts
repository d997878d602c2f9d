import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { Command } from 'commander';
import { type EvaluateFlags, evaluateCommand, exportCommand, trainCommand } from '../head-commands.ts';
import { evaluateSegmenter } from './evaluate.ts';
import { exportRun } from './export-run.ts';
import { trainNanoSegmenter } from './train.ts';

interface Flags extends EvaluateFlags {
  readonly size: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly overlap?: number;
}

/** `segmenter train`, `segmenter export` and `segmenter evaluate`. */
export function segmenterCommands(): Command {
  const evaluate = evaluateCommand("panoptic quality of all, base and novel kinds by COCO's rules, and mIoU", 500)
    .option('--size <n>', 'side of the scenes in pixels', Number, 256)
    .option('--alpha <share>', "weight of CLIP's opinion on base kinds and stuff", Number)
    .option('--beta <share>', "weight of CLIP's opinion on novel kinds", Number)
    .option('--overlap <share>', 'a mask of which a smaller share is left by the others is dropped', Number)
    .action(async ({ model, tower, alpha, beta, overlap, ...scope }: Flags) => {
      await using segmenter = await Segmenter.load(model, { tower });
      console.log(JSON.stringify(await evaluateSegmenter(segmenter, { ...scope, segment: { alpha, beta, overlap } }), null, 2));
    });
  return new Command('segmenter')
    .description('the segmenter of the embedded model')
    .addCommand(trainCommand('trains both decoders on the frozen tower', 500, trainNanoSegmenter))
    .addCommand(exportCommand('segmenter', exportRun))
    .addCommand(evaluate);
}
