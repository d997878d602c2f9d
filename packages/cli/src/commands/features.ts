import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { inputFlags, modelFlags, windowFlags } from '../flags.ts';
import { expandInputs, namedInputs, noImage, pictureInputs, streamPictures } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { pictureSource, stemOf } from '../picture-source.ts';
import { oneLine } from '../text.ts';

/** Maps [1, C, h, w] from sliding windows, as `.npy` (one map) or safetensors (any number). */
export const features: Command = command({
  name: 'features',
  summary: 'feature maps of a picture from sliding windows',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...inputFlags,
    ...windowFlags,
    levels: { kind: 'list', value: 'names', help: 'maps to write (default: os4,os8,mid,final; one for .npy: final)' },
  },
  writes: { endings: ['.npy', '.safetensors'], orFolder: true },
  notes:
    'Several pictures need -o FOLDER, which gets NAME.safetensors for each.\nLevels: stem, os4, os8, mid, preLast, final, and dense (the map that segment asks).',
  async run(context) {
    const { flags, output, progress, signal, writer } = context;
    const { size, window, stride } = flags;
    const files = await expandInputs(await namedInputs(context));
    const [file] = files;
    if (file === undefined) throw noImage();
    const intoFolder = !/\.(?:npy|safetensors)$/iu.test(flags.output!);
    if (files.length > 1 && !intoFolder) {
      throw new VitaminError('USAGE', `Expected -o FOLDER for ${files.length} pictures but received ${flags.output}`);
    }
    const npy = /\.npy$/iu.test(flags.output!);
    const levels = flags.levels ?? (npy ? ['final'] : ['os4', 'os8', 'mid', 'final']);
    if (npy && levels.length !== 1) {
      throw new VitaminError('USAGE', `Expected one level for a .npy file but received ${levels.join(', ')}`, {
        hint: 'Write several maps to a .safetensors file.',
      });
    }
    const { writeNpy, writeSafetensors } = await import('@vitamin-vlm/checkpoint');
    await using backbone = await loadModel(context);
    const write = async (
      picture: string,
      options: WorkOptions,
      path: string,
    ): Promise<{ origin: object; shapes: Record<string, readonly number[]> }> => {
      const { maps, ...origin } = await backbone.features(await pictureSource(picture), { ...options, size, window, stride, levels });
      if (npy) await writeNpy(path, maps[levels[0]!]!);
      else await writeSafetensors(path, maps, metadataOf(origin));
      return { origin, shapes: Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map.shape])) };
    };
    const model = describeModel(backbone);
    if (intoFolder) {
      return await streamPictures(
        context,
        files,
        { model },
        async (picture, options) => {
          const [path = ''] = await writer!.paths(stemOf(picture), ['.safetensors']);
          const { origin, shapes } = await write(picture, options, path);
          return { text: oneLine(path), record: { file: picture, ...origin, maps: shapes, features: path } };
        },
        null,
      );
    }
    const written = await writer!.path();
    const { origin, shapes } = await write(file, { signal, onProgress: progress.reporter(file) }, written);
    for (const [name, shape] of Object.entries(shapes)) output.note(`${name}  [${shape.join(', ')}]`);
    output.path(written);
    await output.whole(undefined, { model, file, ...origin, maps: shapes, features: written });
    return 0;
  },
});

/** Where the maps come from, and how `vitamin show` knows the file. */
function metadataOf(origin: object): Record<string, string> {
  const fields = Object.entries(origin).map(([name, value]) => [name, JSON.stringify(value)] as const);
  return { schema: 'vitamin.feature-maps/1', ...Object.fromEntries(fields) };
}
