import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { locateOptions } from '../model.ts';

const lists = ['coco-panoptic', 'ade20k-150', 'cityscapes', 'mapillary'] as const;

/** Training of an FC-CLIP segmenter on a frozen tower. */
export const trainSegment: Command = command({
  name: 'train segment',
  summary: 'train a segmenter on a frozen CLIP tower, or go on with a training',
  flags: {
    annotations: { kind: 'text', value: 'file', help: "annotation file in COCO's panoptic layout" },
    images: { kind: 'text', value: 'dir', help: 'folder of its pictures' },
    maps: { kind: 'text', value: 'dir', help: 'folder of its PNG files (default: the annotation file without .json)' },
    vocabulary: { kind: 'choice', value: 'list', choices: lists, help: 'names of the classes with synonyms (default: those in the file)' },
    model: { kind: 'text', value: 'model', short: 'm', default: 'nano', help: 'CLIP model whose tower is used; it stays as it is' },
    from: {
      kind: 'text',
      value: 'file',
      help: 'segmenter on that tower to go on from, nano for the embedded one (default: fresh decoders)',
    },
    size: { kind: 'whole', least: 32, value: 'px', help: 'side of the canvas, a multiple of 32 (default: 4 windows)' },
    width: { kind: 'whole', least: 32, value: 'n', help: 'channels of both decoders (default: 256)' },
    heads: { kind: 'whole', least: 1, value: 'n', help: 'heads of attention (default: 8)' },
    encoderLayers: { kind: 'whole', least: 1, value: 'n', help: 'layers of the pixel decoder (default: 6)' },
    decoderLayers: { kind: 'whole', least: 3, value: 'n', help: 'layers of the mask decoder (default: 9)' },
    queries: { kind: 'whole', least: 1, value: 'n', help: 'masks of a picture (default: 250)' },
    points: { kind: 'whole', least: 4, value: 'n', help: 'points at which a mask is compared (default: 12544)' },
    stride: { kind: 'whole', least: 16, value: 'px', help: 'from one window to the next (default: a third of a window)' },
    batch: { kind: 'whole', least: 1, value: 'n', help: 'pictures of a step (default: 16)' },
    atOnce: { kind: 'whole', least: 1, value: 'n', help: 'pictures in memory at once (default: 1)' },
    epochs: { kind: 'whole', least: 1, value: 'n', help: 'times that every picture is seen (default: 50)' },
    rate: { kind: 'number', value: 'n', help: 'learning rate (default: 0.0001)' },
    seed: { kind: 'whole', value: 'n', default: 0, help: 'of everything that is drawn by chance' },
    saveEvery: { kind: 'whole', least: 1, value: 'n', help: 'steps between two saved states (default: 100)' },
    valAnnotations: { kind: 'text', value: 'file', help: 'annotation file to evaluate on' },
    valImages: { kind: 'text', value: 'dir', help: 'folder of its pictures (default: --images)' },
    valMaps: { kind: 'text', value: 'dir', help: 'folder of its PNG files (default: the annotation file without .json)' },
    valLimit: { kind: 'whole', least: 1, value: 'n', default: 500, help: 'pictures of an evaluation' },
    evaluateEvery: { kind: 'whole', least: 1, value: 'n', default: 1000, help: 'steps between two evaluations' },
  },
  needs: [['annotations'], ['images']],
  writes: 'folder',
  notes:
    'The folder of -o holds segmenter.pth (the published layout, without the CLIP model), log.jsonl, log.svg and the state. The same command\n' +
    'goes on where an earlier one stopped; with other settings it is refused. Ctrl-C saves first.',
  async run(context) {
    const { flags, output, progress, signal } = context;
    const { annotations = '', images = '', output: folder, model, threads, cacheDir, valAnnotations, ...sizes } = flags;
    if (folder === undefined) throw new VitaminError('USAGE', 'Expected -o DIR for the training but received none');
    if (sizes.rate !== undefined && !(sizes.rate > 0))
      throw new VitaminError('USAGE', `Expected a positive --rate but received ${sizes.rate}`);
    const { fitSegmenter } = await import('@vitamin-vlm/fcclip-segmentation');
    const { segmenter, step, best, plot } = await fitSegmenter({
      ...pick(sizes, ['maps', 'vocabulary', 'from', 'size', 'width', 'heads', 'encoderLayers', 'decoderLayers', 'queries', 'points']),
      ...pick(sizes, ['stride', 'batch', 'atOnce', 'epochs', 'rate', 'seed', 'saveEvery']),
      folder,
      annotations,
      images,
      tower: model,
      evaluation:
        valAnnotations === undefined
          ? undefined
          : {
              annotations: valAnnotations,
              images: flags.valImages ?? images,
              maps: flags.valMaps,
              limit: flags.valLimit,
              every: flags.evaluateEvery,
            },
      session: { threads, cacheDir, ...locateOptions(context, model) },
      onProgress: progress.reporter('training'),
      onLog: (entry) => {
        if ('evaluation' in entry) output.note(`step ${entry.step}  ${figuresOf(entry.evaluation)}`);
      },
      signal,
    });
    if (plot === undefined)
      output.note('No log.svg: plots need the package echarts (npm install echarts@6, with -g for a global installation).');
    output.path(segmenter);
    await output.whole(undefined, { segmenter, step, ...(best && { best }) });
    return 0;
  },
});

/** `PQ 47.7  mIoU 67.4` */
function figuresOf(evaluation: Readonly<Record<string, number>>): string {
  return Object.entries(evaluation)
    .map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`)
    .join('  ');
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}
