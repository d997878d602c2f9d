import { VitaminError } from '@vitamin-vlm/core';
import { EMBEDDED_TALKER_REMARK, isServer, loadBridge } from '../bridge.ts';
import { type Command, command } from '../command.ts';
import { answerFlags, bridgeFlags, decoderFlags, promptFlags } from '../bridge-flags.ts';

/** A question about pictures, in words; or a conversation. */
export const ask: Command = command({
  name: 'ask',
  summary: 'ask a language model about pictures',
  inputs: { usage: '[image...]', help: 'image files, all shown at once, and at the end the question; with -i images alone' },
  flags: {
    ...bridgeFlags,
    engine: {
      kind: 'choice',
      choices: ['local', 'vllm'],
      value: 'name',
      help: 'what runs the language model (default: local; vllm for the address of a server)',
    },
    served: { kind: 'text', value: 'name', help: 'name of the model at the server (default: the first that it lists)' },
    ...promptFlags,
    ...decoderFlags,
    ...answerFlags,
    interactive: { kind: 'switch', short: 'i', help: 'a conversation: a question a line, until the input ends' },
  },
  notes: `The embedded talker was hardly trained yet: its answers are about as good as guesses. A server is
given the pictures as tokens: vLLM needs --enable-mm-embeds for a LLaVA, --enable-prompt-embeds for
a model of text alone.`,
  async run(context) {
    const { inputs, flags, output } = context;
    const { llm, interactive } = flags;
    const engine = flags.engine ?? (isServer(llm) ? 'vllm' : 'local');
    if ((engine === 'local') === isServer(llm)) {
      throw new VitaminError(
        'USAGE',
        `Expected ${engine === 'local' ? 'a folder' : 'the address of a server'} as --llm for --engine ${engine} but received ${llm}`,
      );
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
    const { localAnswerer, serverAnswerer, converse, answerOnce } = await import('../work/answer.ts');
    await using bridge = await loadBridge(context, engine === 'local' ? 'answers' : 'tokens', flags);
    if (llm === bridgeFlags.llm.default) output.note(EMBEDDED_TALKER_REMARK);
    const answerer = engine === 'local' ? localAnswerer(bridge, context) : await serverAnswerer(bridge, context);
    return interactive ? await converse(context, answerer, images) : await answerOnce(context, answerer, images, inputs.at(-1)!);
  },
});
