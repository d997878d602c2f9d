import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { modelFlags } from '../flags.ts';
import { asWeights, locateOptions } from '../model.ts';

/** A model repository for Triton: towers, a classifier whose words are an input, and the two together. */
export const exportTriton: Command = command({
  name: 'export triton',
  summary: 'write a model repository for the Triton Inference Server',
  inputs: { usage: '<folder>', help: 'where the repository goes: a new or empty folder' },
  flags: { model: modelFlags.model },
  writes: { nothing: 'Name the folder as the argument: vitamin export triton models.' },
  notes: `Models: image-tower (bytes in, normalization inside, dynamic batching), text-tower, words, and the
ensemble classify. Weights are hard links where the disk allows it.`,
  async run(context) {
    const { inputs, flags, output } = context;
    const [folder, ...more] = inputs;
    if (folder === undefined || more.length > 0) throw new VitaminError('USAGE', `Expected one folder but received ${inputs.length}`);
    const { exportTriton: write } = await import('@vitamin-vlm/server');
    const models = await write(flags.model, folder, locateOptions(context, flags.model)).catch((error: unknown) => {
      throw asWeights(error);
    });
    const text = `${models.join(', ')} in ${folder}\nNext: tritonserver --model-repository ${folder}`;
    await output.whole(text, { folder, models }, undefined);
    return 0;
  },
});
