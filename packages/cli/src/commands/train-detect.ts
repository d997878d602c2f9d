import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { locateOptions } from '../model.ts';

/** Training of an F-ViT detector on a frozen tower. */
export const trainDetect: Command = command({
  name: 'train detect',
  summary: 'train a detector on a frozen CLIP tower, or go on with a training',
  flags: {
    annotations: { kind: 'text', value: 'file', help: 'annotation file of COCO or LVIS' },
    images: { kind: 'text', value: 'dir', help: 'folder of its pictures' },
    split: {
      kind: 'text',
      value: 'name',
      help: 'ov-coco, ov-lvis, or a JSON file with the groups base and novel: boxes of base are learned',
    },
    model: { kind: 'text', value: 'model', short: 'm', default: 'nano', help: 'CLIP model whose tower is used; it stays as it is' },
    from: { kind: 'text', value: 'file', help: 'detector on that tower to go on from (default: fresh heads)' },
    family: { kind: 'choice', value: 'name', choices: ['ov-coco', 'ov-lvis'], help: 'without masks, or with (default: by the split)' },
    width: { kind: 'whole', least: 8, value: 'n', help: 'channels of pyramid and heads of fresh heads (default: 256)' },
    size: { kind: 'whole', least: 32, value: 'px', help: 'side of the canvas (default: 8/3 of a window, F-ViT: 896)' },
    batch: { kind: 'whole', least: 1, value: 'n', help: 'pictures of a step (default: 64)' },
    atOnce: { kind: 'whole', least: 1, value: 'n', help: 'pictures in memory at once; batch norms see so many (default: 2)' },
    epochs: { kind: 'whole', least: 1, value: 'n', help: 'times that every picture is seen (default: 3; ov-lvis: 48)' },
    rate: { kind: 'number', value: 'n', help: 'learning rate of 64 pictures; others in proportion (default: 0.0001)' },
    seed: { kind: 'whole', value: 'n', default: 0, help: 'of everything that is drawn by chance' },
    saveEvery: { kind: 'whole', least: 1, value: 'n', help: 'steps between two saved states (default: 100)' },
    valAnnotations: { kind: 'text', value: 'file', help: 'annotation file to evaluate on' },
    valImages: { kind: 'text', value: 'dir', help: 'folder of its pictures (default: --images)' },
    valLimit: { kind: 'whole', least: 1, value: 'n', default: 500, help: 'pictures of an evaluation' },
    evaluateEvery: { kind: 'whole', least: 1, value: 'n', default: 1000, help: 'steps between two evaluations' },
  },
  needs: [['annotations'], ['images']],
  writes: 'folder',
  notes:
    'The folder of -o holds detector.pth (the published layout, tower included), log.jsonl, log.svg and the state. The same command goes on\n' +
    'where an earlier one stopped; with other settings it is refused. Ctrl-C saves first.',
  async run(context) {
    const { flags, output, progress, signal } = context;
    const { annotations = '', images = '', output: folder, valAnnotations } = flags;
    if (folder === undefined) throw new VitaminError('USAGE', 'Expected -o DIR for the training but received none');
    if (flags.rate !== undefined && !(flags.rate > 0))
      throw new VitaminError('USAGE', `Expected a positive --rate but received ${flags.rate}`);
    const { fitDataSet } = await import('@vitamin-vlm/fvit-detection');
    const { detector, step, best, plot } = await fitDataSet({
      folder,
      annotations,
      images,
      split: flags.split,
      tower: flags.model,
      from: flags.from,
      family: flags.family,
      width: flags.width,
      size: flags.size,
      batch: flags.batch,
      atOnce: flags.atOnce,
      epochs: flags.epochs,
      rate: flags.rate,
      seed: flags.seed,
      saveEvery: flags.saveEvery,
      evaluation:
        valAnnotations === undefined
          ? undefined
          : {
              annotations: valAnnotations,
              images: flags.valImages ?? images,
              split: flags.split,
              limit: flags.valLimit,
              every: flags.evaluateEvery,
            },
      session: { threads: flags.threads, cacheDir: flags.cacheDir, ...locateOptions(context, flags.model) },
      onProgress: progress.reporter('training'),
      onLog: (entry) => {
        if ('evaluation' in entry)
          output.note(
            `step ${entry.step}  ${Object.entries(entry.evaluation)
              .map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`)
              .join('  ')}`,
          );
      },
      signal,
    });
    if (plot === undefined)
      output.note('No log.svg: plots need the package echarts (npm install echarts@6, with -g for a global installation).');
    output.path(detector);
    await output.whole(undefined, { detector, step, ...(best && { best }) });
    return 0;
  },
});
