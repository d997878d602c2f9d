import { defaultReadSettings, Detector } from '@vitamin-vlm/fvit-detection';
import { Command } from 'commander';
import { type EvaluateFlags, evaluateCommand, trainCommand } from '../head-commands.ts';
import { evaluateDetector } from './evaluate.ts';
import { trainNanoDetector } from './train.ts';

interface Flags extends EvaluateFlags {
  readonly sizes: string;
  readonly read?: number;
}

/** `detector train` and `detector evaluate`. */
export function detectorCommands(): Command {
  const train = trainCommand('trains adapters, pyramid and heads on the frozen tower', 250, async (training, { from }) => {
    await trainNanoDetector({ ...training, from });
  }).option('--from <detector>', 'file of a detector that the rounds before the last have ended with: only the last is made, from there');
  const readText = "side that scenes are scaled to before they are read, with the detector's own windows (default: each at its own size)";
  const evaluate = evaluateCommand("AP50 of base, novel and all kinds by COCO's rules", 500)
    .option('--sizes <list>', 'sides of the scenes in pixels', '256,384')
    .option('--read <px>', readText, Number)
    .action(async ({ model, tower, sizes, read, ...scope }: Flags) => {
      await using detector = await Detector.load(model, { tower });
      const { window, stride } = { ...defaultReadSettings(detector.model.tower.tower, detector.model.family), ...detector.model.read };
      const detect = read === undefined ? {} : { size: read, window, stride };
      const figures = await evaluateDetector(detector, { ...scope, sizes: sizes.split(',').map(Number), detect });
      console.log(JSON.stringify(Object.fromEntries(figures), null, 2));
    });
  return new Command('detector').description('the detector of the embedded model').addCommand(train).addCommand(evaluate);
}
