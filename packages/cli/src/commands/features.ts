import { writeNpy, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { VitaminError } from '@vitamin-vlm/core';
import { eachInput } from '../batch.ts';
import type { WindowFlags } from '../commands.ts';
import type { Context } from '../context.ts';
import { FileWriter } from '../file-writer.ts';
import { describeModel, loadModel } from '../model.ts';

/** `vitamin features`: maps [1, C, h, w] from sliding windows, as `.npy` (one map) or safetensors (any number). */
export async function features(context: Context, input: string, flags: WindowFlags): Promise<number> {
  const { output } = context;
  const { size, window, stride } = flags;
  const target = context.flags.output!;
  const npy = /\.npy$/iu.test(target);
  if (!npy && !/\.safetensors$/iu.test(target)) {
    throw new VitaminError('USAGE', `Expected -o FILE.npy or FILE.safetensors but received ${target}`);
  }
  const levels = flags.levels ?? (npy ? ['final'] : ['os4', 'os8', 'mid', 'final']);
  if (npy && levels.length !== 1) {
    throw new VitaminError('USAGE', `Expected one level for a .npy file but received ${levels.join(', ')}`, {
      hint: 'Write several maps to a .safetensors file.',
    });
  }
  const file = await FileWriter.forFile(target, context.flags.force === true);
  await using backbone = await loadModel(context, flags);
  const { status } = await eachInput(context, [input], async (path, options) => {
    const { maps, ...origin } = await backbone.features(path, { ...options, size, window, stride, levels });
    const written = await file.path();
    if (npy) await writeNpy(written, maps[levels[0]!]!);
    else {
      const metadata = Object.entries(origin).map(([name, value]) => [name, JSON.stringify(value)] as const);
      await writeSafetensors(written, maps, Object.fromEntries(metadata));
    }
    const shapes = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map.shape]));
    const document = { schemaVersion: 1, model: describeModel(backbone), file: path, ...origin, maps: shapes, features: written };
    for (const [name, shape] of Object.entries(shapes)) output.note(`${name}  [${shape.join(', ')}]`);
    output.path(written);
    await output.whole(undefined, document);
  });
  return status;
}
