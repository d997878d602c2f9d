import { saveImageEncoding } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { eachInput } from '../batch.ts';
import type { WindowFlags } from '../commands.ts';
import type { Context } from '../context.ts';
import { FileWriter } from '../file-writer.ts';
import { describeModel, loadModel } from '../model.ts';

/** `vitamin encode`: keeps what the image tower gives, with the dense map, so that words can be asked later without running it. */
export async function encode(context: Context, input: string, flags: WindowFlags): Promise<number> {
  const { output } = context;
  const { size, window, stride, levels } = flags;
  const target = context.flags.output!;
  if (!/\.safetensors$/iu.test(target)) {
    throw new VitaminError('USAGE', `Expected -o FILE.safetensors but received ${target}`);
  }
  const file = await FileWriter.forFile(target, context.flags.force === true);
  await using backbone = await loadModel(context, flags);
  const { status } = await eachInput(context, [input], async (path, options) => {
    const encoding = await backbone.encodeImage(path, { ...options, dense: true, size, window, stride, levels });
    const written = await file.path();
    await saveImageEncoding(written, encoding);
    const { width, height } = encoding.geometry;
    const maps = {
      dense: encoding.dense!.shape,
      ...Object.fromEntries(Object.entries(encoding.maps ?? {}).map(([name, map]) => [name, map.shape])),
    };
    const document = { schemaVersion: 1, model: describeModel(backbone), file: path, width, height, encoding: written, maps };
    output.path(written);
    await output.whole(undefined, document);
  });
  return status;
}
