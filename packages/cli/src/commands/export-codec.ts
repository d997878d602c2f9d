import { loadBridge } from '../bridge.ts';
import { bridgeFlags, codecFlags } from '../bridge-flags.ts';
import { type Command, command } from '../command.ts';

/** Writes the file through which any program that is built on llama.cpp reads our tokens out of pictures. */
export const exportCodec: Command = command({
  name: 'export codec',
  summary: 'write a projector file (mmproj) that lets llama.cpp read our visual tokens out of pictures',
  flags: {
    ...bridgeFlags,
    ...codecFlags,
    half: { kind: 'switch', help: 'keep the projector in float16: half the size, a little coarser' },
  },
  writes: { endings: ['.gguf'] },
  notes: `One file for all pictures, loaded beside the language model: llama-server -m LLM.gguf --mmproj FILE.gguf
(in Ollama and LM Studio it was not tried). vitamin tokens --for llama.cpp with the same --carry and
--range makes the pictures: send them as they are, as PNG, in the place of the photo.`,
  async run(context) {
    const { flags, output, writer } = context;
    const path = await writer!.path();
    await using bridge = await loadBridge(context, 'tokens');
    const { carry, range, half } = flags;
    const codec = bridge.codec({ carry, range, precision: half ? 'float16' : 'float32' });
    await codec.write(path);
    output.wrote(path);
    const { side, patch, width } = codec;
    const about = { carry: codec.carry, range: codec.range, side, patch, width, identity: bridge.identity };
    output.line(
      `${codec.carry}: ${width} numbers a token, pictures of ${side} x ${side} pixels, numbers from -${codec.range} to ${codec.range}`,
    );
    await output.whole(undefined, { file: path, ...about });
    return 0;
  },
});
