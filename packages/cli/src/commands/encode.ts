import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { inputFlags, modelFlags, segmenterFlags, windowFlags } from '../flags.ts';
import { expandInputs, namedInputs, noImage, pictureInputs } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { pictureSource } from '../picture-source.ts';
import { refuseFlags } from '../segmenter.ts';

/** Keeps what the image tower gives, with the dense map, so that words can be asked later without running it. */
export const encode: Command = command({
  name: 'encode',
  summary: 'run a picture through the image tower once, to ask it later with --encoding',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...windowFlags,
    ...inputFlags,
    texts: { kind: 'text', value: 'file', help: 'embed the lines of this file instead of pictures; - is standard input' },
    for: {
      kind: 'choice',
      value: 'command',
      choices: ['image', 'detect', 'segment'],
      default: 'image',
      help: 'who will ask: image (classify, training-free segment), detect, which keeps regions, or segment, masks',
    },
    tower: { ...segmenterFlags.tower, help: 'the CLIP model that the detector or segmenter was built on' },
    tier: segmenterFlags.tier,
    shortest: segmenterFlags.shortest,
    longest: segmenterFlags.longest,
    posEmbed: segmenterFlags.posEmbed,
    masks: { kind: 'switch', help: 'for detect: keep what masks are made from as well' },
    levels: { kind: 'list', value: 'names', help: 'intermediate maps to keep as well (default: none)' },
  },
  writes: { endings: ['.safetensors', '.npy', '.parquet'], orFolder: true },
  notes: `One picture and FILE.safetensors: its encoding. Several and a folder: an encoding each. Several (or
a folder of them), or --texts, and one FILE: a matrix [N, E] of embeddings of length one that
vitamin retrieve --index asks, the names of its rows in the metadata; of FILE.npy in FILE.json.
FILE.parquet has them as columns, for other programs.`,
  async run(context) {
    const { inputs, flags, output, progress, signal, writer } = context;
    const { size, window, stride, levels, texts } = flags;
    if (texts !== undefined) return await (await import('../work/encode-many.ts')).encodeTexts(context, texts);
    const files = await expandInputs(await namedInputs(context));
    const [file] = files;
    if (file === undefined) throw noImage();
    const alone = inputs.length === 1 && files.length === 1 && file === inputs[0];
    if (alone && /\.(?:npy|parquet)$/iu.test(flags.output!)) {
      throw new VitaminError('USAGE', `Expected -o FILE.safetensors for the encoding of one picture but received ${flags.output}`);
    }
    if (flags.for === 'image' && !(alone && /\.safetensors$/iu.test(flags.output!))) {
      const { encodeEach, encodeIndex } = await import('../work/encode-many.ts');
      return await (/\.(?:safetensors|npy|parquet)$/iu.test(flags.output!) ? encodeIndex : encodeEach)(context, files);
    }
    if (!alone || !/\.safetensors$/iu.test(flags.output!)) {
      throw new VitaminError(
        'USAGE',
        `Expected one picture and -o FILE.safetensors with --for detect but received ${files.length} for ${flags.output}`,
      );
    }
    if (flags.for === 'detect') return await (await import('../work/encode-regions.ts')).encodeRegions(context, file);
    if (flags.for === 'segment') return await (await import('../work/encode-masks.ts')).encodeMasks(context, file);
    refuseFlags(context, ['tier', 'shortest', 'longest', 'posEmbed'], 'only --for segment knows it');
    const { saveImageEncoding } = await import('@vitamin-vlm/backbone');
    await using backbone = await loadModel(context);
    const options = { signal, onProgress: progress.reporter(file), dense: true, size, window, stride, levels };
    const encoding = await backbone.encodeImage(await pictureSource(file), options);
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
