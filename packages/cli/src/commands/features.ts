import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { modelFlags, windowFlags } from '../flags.ts';
import { describeModel, loadModel } from '../model.ts';

/** Maps [1, C, h, w] from sliding windows, as `.npy` (one map) or safetensors (any number). */
export const features: Command = command({
  name: 'features',
  summary: 'feature maps of a picture from sliding windows',
  inputs: { usage: '<image>', help: 'an image file' },
  flags: {
    ...modelFlags,
    ...windowFlags,
    levels: { kind: 'list', value: 'names', help: 'maps to write (default: os4,os8,mid,final; one for .npy: final)' },
  },
  writes: { endings: ['.npy', '.safetensors'] },
  notes: 'Levels: stem, os4, os8, mid, preLast, final, and dense (the map that segment asks).',
  async run(context) {
    const { inputs, flags, output, progress, signal, writer } = context;
    const { size, window, stride } = flags;
    const [file = ''] = inputs;
    const npy = /\.npy$/iu.test(flags.output!);
    const levels = flags.levels ?? (npy ? ['final'] : ['os4', 'os8', 'mid', 'final']);
    if (npy && levels.length !== 1) {
      throw new VitaminError('USAGE', `Expected one level for a .npy file but received ${levels.join(', ')}`, {
        hint: 'Write several maps to a .safetensors file.',
      });
    }
    const { writeNpy, writeSafetensors } = await import('@vitamin-vlm/checkpoint');
    await using backbone = await loadModel(context);
    const options = { signal, onProgress: progress.reporter(file), size, window, stride, levels };
    const { maps, ...origin } = await backbone.features(file, options);
    const written = await writer!.path();
    if (npy) await writeNpy(written, maps[levels[0]!]!);
    else {
      const metadata = Object.entries(origin).map(([name, value]) => [name, JSON.stringify(value)] as const);
      await writeSafetensors(written, maps, Object.fromEntries(metadata));
    }
    const shapes = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map.shape]));
    for (const [name, shape] of Object.entries(shapes)) output.note(`${name}  [${shape.join(', ')}]`);
    output.path(written);
    await output.whole(undefined, { model: describeModel(backbone), file, ...origin, maps: shapes, features: written });
    return 0;
  },
});
