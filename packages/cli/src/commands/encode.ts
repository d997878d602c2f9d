import { type Command, command } from '../command.ts';
import { modelFlags, segmenterFlags, windowFlags } from '../flags.ts';
import { describeModel, loadModel } from '../model.ts';
import { refuseFlags } from '../segmenter.ts';

/** Keeps what the image tower gives, with the dense map, so that words can be asked later without running it. */
export const encode: Command = command({
  name: 'encode',
  summary: 'run a picture through the image tower once, to ask it later with --encoding',
  inputs: { usage: '<image>', help: 'an image file' },
  flags: {
    ...modelFlags,
    ...windowFlags,
    for: {
      kind: 'choice',
      value: 'command',
      choices: ['image', 'detect', 'segment'],
      default: 'image',
      help: 'who will ask: image (classify, training-free segment), detect, which keeps regions, or segment, masks',
    },
    tower: { ...segmenterFlags.tower, help: 'the CLIP model that the detector or segmenter was built on' },
    tier: segmenterFlags.tier,
    posEmbed: segmenterFlags.posEmbed,
    masks: { kind: 'switch', help: 'for detect: keep what masks are made from as well' },
    levels: { kind: 'list', value: 'names', help: 'intermediate maps to keep as well (default: none)' },
  },
  writes: { endings: ['.safetensors'] },
  async run(context) {
    const { inputs, flags, output, progress, signal, writer } = context;
    const { size, window, stride, levels } = flags;
    const [file = ''] = inputs;
    if (flags.for === 'detect') return await (await import('../work/encode-regions.ts')).encodeRegions(context, file);
    if (flags.for === 'segment') return await (await import('../work/encode-masks.ts')).encodeMasks(context, file);
    refuseFlags(context, ['tier', 'posEmbed'], 'only --for segment knows it');
    const { saveImageEncoding } = await import('@vitamin-vlm/backbone');
    await using backbone = await loadModel(context);
    const options = { signal, onProgress: progress.reporter(file), dense: true, size, window, stride, levels };
    const encoding = await backbone.encodeImage(file, options);
    const written = await writer!.path();
    await saveImageEncoding(written, encoding);
    const { width, height } = encoding.geometry;
    const maps = {
      dense: encoding.dense!.shape,
      ...Object.fromEntries(Object.entries(encoding.maps ?? {}).map(([name, map]) => [name, map.shape])),
    };
    output.path(written);
    await output.whole(undefined, { model: describeModel(backbone), file, width, height, encoding: written, maps });
    return 0;
  },
});
