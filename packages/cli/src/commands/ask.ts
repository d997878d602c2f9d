import { VitaminError } from '@vitamin-vlm/core';
import { type EngineName, engineOf, loadBridge } from '../bridge.ts';
import { type Command, command } from '../command.ts';
import type { Answerer } from '../work/answer.ts';
import { answerFlags, bridgeFlags, codecFlags, decoderFlags, promptFlags } from '../bridge-flags.ts';
import { expectOneStdin } from '../inputs.ts';
import { STDIN } from '../picture-source.ts';
import { refuseFlags } from '../segmenter.ts';

/** What each engine takes as --llm. */
const addresses = {
  local: 'a folder',
  vllm: 'the address of a server',
  'llama.cpp': 'a file .gguf',
} as const satisfies Record<EngineName, string>;

/** Flags that some engines do not know. */
const onlyFor: Readonly<Record<string, readonly EngineName[]>> = {
  precision: ['local'],
  context: ['local', 'llama.cpp'],
  served: ['vllm'],
  carry: ['llama.cpp'],
  range: ['llama.cpp'],
};

/** A question about pictures, in words; or a conversation. */
export const ask: Command = command({
  name: 'ask',
  summary: 'ask a language model about pictures',
  inputs: {
    usage: '[image...]',
    help: 'image files, or - for standard input, all shown at once, and at the end the question; with -i images alone',
  },
  flags: {
    ...bridgeFlags,
    engine: {
      kind: 'choice',
      choices: ['local', 'vllm', 'llama.cpp'],
      value: 'name',
      help: 'what runs the language model (default: local; vllm for the address of a server, llama.cpp for FILE.gguf)',
    },
    served: { kind: 'text', value: 'name', help: 'name of the model at the server (default: the first that it lists)' },
    ...promptFlags,
    ...decoderFlags,
    ...answerFlags,
    ...codecFlags,
    interactive: { kind: 'switch', short: 'i', help: 'a conversation: a question a line, until the input ends' },
  },
  notes: `The embedded talker knows drawn scenes only: what is where, how many, of which color. A server is
given the pictures as tokens: vLLM needs --enable-mm-embeds for a LLaVA, --enable-prompt-embeds for
a model of text alone. llama.cpp needs the package @fugood/llama.node beside this one.`,
  async run(context) {
    const { inputs, flags } = context;
    const { llm, interactive } = flags;
    const engine = engineOf(llm);
    if (flags.engine !== undefined && flags.engine !== engine) {
      throw new VitaminError('USAGE', `Expected ${addresses[flags.engine]} as --llm for --engine ${flags.engine} but received ${llm}`);
    }
    for (const [name, engines] of Object.entries(onlyFor)) {
      if (!engines.includes(engine)) refuseFlags(context, [name], `it means nothing to --engine ${engine}`);
    }
    const images = interactive ? inputs : inputs.slice(0, -1);
    if (images.length === 0) {
      throw new VitaminError(
        'USAGE',
        `Expected an image${interactive ? '' : ' and a question'} but received ${inputs.length === 0 ? 'neither' : inputs[0]}`,
        {
          hint: 'vitamin ask street.jpg "What is on the street?"',
        },
      );
    }
    expectOneStdin([...images, interactive ? STDIN : undefined]);
    const { localAnswerer, llamaCppAnswerer, serverAnswerer, converse, answerOnce } = await import('../work/answer.ts');
    const answered = <P>(answerer: Answerer<P>): Promise<number> =>
      interactive ? converse(context, answerer, images) : answerOnce(context, answerer, images, inputs.at(-1)!);
    await using bridge = await loadBridge(context, engine === 'local' ? 'answers' : 'tokens', flags);
    if (engine === 'local') return await answered(localAnswerer(bridge, context));
    if (engine === 'vllm') return await answered(await serverAnswerer(bridge, context));
    await using llama = await llamaCppAnswerer(bridge, context);
    return await answered(llama);
  },
});
