import { extname } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { engineOf, loadBridge } from '../bridge.ts';
import { type Command, command } from '../command.ts';
import { bridgeFlags, codecFlags } from '../bridge-flags.ts';
import { expandInputs, expectOneStdin, pictureInputs } from '../inputs.ts';

/** Endings of each use, the usual one first. */
const endings = {
  vllm: ['.json', '.npy', '.pt'],
  transformers: ['.safetensors', '.pt'],
  npy: ['.npy'],
  'llama.cpp': ['.png'],
} as const;

/** What a tower sees of pictures, in a file that another engine reads. */
export const tokens: Command = command({
  name: 'tokens',
  summary: 'write what a language model is shown of pictures, for another engine to read',
  inputs: { ...pictureInputs, usage: '<image...>' },
  flags: {
    ...bridgeFlags,
    for: {
      kind: 'choice',
      choices: ['vllm', 'llama.cpp', 'transformers', 'npy'],
      value: 'engine',
      default: 'npy',
      help: 'vllm: FILE.json, a whole request, or FILE.npy, FILE.pt, its payload; llama.cpp: FILE.png; transformers: FILE.safetensors; npy: FILE.npy',
    },
    type: { kind: 'choice', choices: ['float32', 'float16', 'bfloat16'], value: 'type', default: 'float32', help: 'of the numbers' },
    ...codecFlags,
    question: { kind: 'text', value: 'text', default: 'Describe the picture.', help: 'asked in the request' },
    served: { kind: 'text', value: 'name', default: 'MODEL', help: 'name of the model at the server, in the request' },
  },
  writes: { endings: [...new Set(Object.values(endings).flat())] },
  notes: `Beside FILE lies FILE.json, or FILE.meta.json for a request: shape, type, which weights, how
pictures were read. What to do with the file is printed: the request to send, or the lines of
Python that read it.`,
  async run(context) {
    const { inputs, flags, output, progress, signal, writer } = context;
    const path = await writer!.path();
    const ending = extname(path).toLowerCase();
    if (!(endings[flags.for] as readonly string[]).includes(ending)) {
      throw new VitaminError('USAGE', `Expected -o FILE${endings[flags.for].join(' or FILE')} for --for ${flags.for} but received ${path}`);
    }
    if (flags.for === 'transformers' && engineOf(flags.llm) !== 'local') {
      throw new VitaminError('USAGE', `Expected a folder as --llm for --for transformers but received ${flags.llm}`);
    }
    expectOneStdin(inputs);
    const files = await expandInputs(inputs);
    const { writeTokens, howToUse } = await import('../work/token-files.ts');
    await using bridge = await loadBridge(context, 'tokens');
    const written = await writeTokens(bridge, files, { ...flags, path, ending, signal, progress });
    const use = howToUse(written, { ...flags, folder: bridge.folder });
    for (const line of use.split('\n')) output.line(line);
    output.wrote(path);
    output.wrote(written.sidecar);
    await output.whole(undefined, { files: { tokens: path, about: written.sidecar }, use, ...written.about });
    return 0;
  },
});
