import { createInterface } from 'node:readline';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import {
  askServer,
  type Bridge,
  chatEmbedsRequest,
  type FinishReason,
  imageEmbedsRequest,
  LlamaCpp,
  pictureMessage,
  renderPrompt,
  servedModel,
  type VisualTokens,
} from '@vitamin-vlm/llava-bridge';
import { describeBridge } from '../bridge.ts';
import type { Context } from '../command.ts';
import type { answerFlags, bridgeFlags, codecFlags, decoderFlags, promptFlags } from '../bridge-flags.ts';
import { expandInputs } from '../inputs.ts';
import { pictureSource } from '../picture-source.ts';

/** What asking takes. */
type AskContext = Context<
  typeof bridgeFlags &
    typeof promptFlags &
    typeof decoderFlags &
    typeof answerFlags &
    typeof codecFlags & { readonly served: { readonly kind: 'text'; readonly help: string } }
>;

/** What an answerer is asked. */
interface Asked<Picture> {
  readonly pictures: readonly Picture[];
  readonly question: string;
  /** Questions and answers before, in turn. */
  readonly history: readonly string[];
  readonly onFinish: (reason: FinishReason) => void;
}

/** Something that answers questions about pictures: a model of our own, llama.cpp, or a server. */
export interface Answerer<Picture> {
  /** What a result says about it. */
  readonly model: Record<string, unknown>;
  /** A picture as the language model takes it. */
  readonly see: (image: string | Uint8Array, options: WorkOptions) => Promise<Picture>;
  readonly answer: (asked: Asked<Picture>) => AsyncIterable<string>;
}

/** How words are chosen. */
function choiceOf(flags: AskContext['flags']): Pick<AskContext['flags'], keyof typeof answerFlags> {
  const { maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop } = flags;
  return { maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop };
}

/** The language model of the bridge itself. */
export function localAnswerer(bridge: Bridge, { flags, signal }: AskContext): Answerer<VisualTokens> {
  const options = { ...choiceOf(flags), signal };
  return {
    model: describeBridge(bridge, flags.llm),
    see: (image, work) => bridge.tokens(image, work),
    answer: ({ pictures, question, history, onFinish }) => bridge.ask(pictures, question, { ...options, history, onFinish }),
  };
}

/** llama.cpp with a file of its own. @throws VitaminError as `LlamaCpp.load` and `Bridge.codec`. */
export async function llamaCppAnswerer(bridge: Bridge, { flags, signal }: AskContext): Promise<Answerer<Buffer> & AsyncDisposable> {
  const { llm: model, carry, range, context, threads } = flags;
  const codec = bridge.codec({ carry, range });
  const llama = await LlamaCpp.load({ model, codec, context, threads });
  const options = { ...choiceOf(flags), signal };
  return {
    model: describeBridge(bridge, model),
    see: (image, work) => bridge.codecPicture(codec, image, work),
    answer({ pictures, question, history, onFinish }) {
      const [first, ...rest] = [...history, question];
      const prompt = renderPrompt(bridge.template, [pictureMessage(first, pictures.length), ...rest, null]);
      return llama.generate(prompt, pictures, { ...options, onFinish });
    },
    [Symbol.asyncDispose]: () => llama.close(),
  };
}

/**
 * A vLLM server. A LLaVA takes image_embeds, a model of text alone prompt_embeds: the second is tried where the first is refused.
 *
 * @throws VitaminError `NETWORK` when the server cannot be reached.
 */
export async function serverAnswerer(bridge: Bridge, { flags, signal }: AskContext): Promise<Answerer<VisualTokens>> {
  const { llm: url } = flags;
  const model = flags.served ?? (await servedModel({ url, signal }));
  const options = { ...choiceOf(flags), model, stream: true };
  return {
    model: { ...describeBridge(bridge, url), served: model },
    see: (image, work) => bridge.tokens(image, work),
    async *answer({ pictures, question, history, onFinish }) {
      if (history.length > 0) throw new VitaminError('UNSUPPORTED', 'Expected one question to a server but received a conversation');
      const parts = [...pictures, question];
      try {
        yield* askServer(imageEmbedsRequest(parts, options), { url, signal, onFinish });
      } catch (error) {
        if (!(error instanceof VitaminError) || error.code !== 'UNSUPPORTED') throw error;
        yield* askServer(chatEmbedsRequest(parts, options), { url, signal, onFinish });
      }
    },
  };
}

/** One question, one answer. */
export async function answerOnce<Picture>(
  context: AskContext,
  answerer: Answerer<Picture>,
  inputs: readonly string[],
  question: string,
): Promise<number> {
  const { output, writer } = context;
  const { files, pictures } = await seeAll(context, answerer, inputs);
  const said = await say(context, answerer, { pictures, question, history: [] });
  await output.whole(undefined, { model: answerer.model, images: files, question, ...said }, writer);
  return 0;
}

/** Questions that come line by line, each with what was said before. */
export async function converse<Picture>(context: AskContext, answerer: Answerer<Picture>, inputs: readonly string[]): Promise<number> {
  const { output, writer, signal } = context;
  const { files, pictures } = await seeAll(context, answerer, inputs);
  const isTerminal = process.stdin.isTTY;
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  const path = await writer?.path();
  const history: string[] = [];
  const prompt = (): unknown => isTerminal && process.stderr.write('> ');
  await output.records({ name: 'turns', head: { model: answerer.model, images: files }, path }, async (add) => {
    prompt();
    for await (const line of lines) {
      const question = line.trim();
      if (question !== '') {
        const said = await say(context, answerer, { pictures, question, history });
        history.push(question, said.answer);
        await add({ record: { question, ...said } });
      }
      prompt();
    }
    return {};
  });
  if (path !== undefined) output.wrote(path);
  return 0;
}

/** Gives out an answer, and what ended it: a server need not tell. */
async function say<Picture>(
  { output }: AskContext,
  { answer }: Answerer<Picture>,
  asked: Omit<Asked<Picture>, 'onFinish'>,
): Promise<{ readonly answer: string; readonly finishReason?: FinishReason }> {
  const reasons: FinishReason[] = [];
  const text = await output.pieces(answer({ ...asked, onFinish: (reason) => reasons.push(reason) }));
  const [finishReason] = reasons;
  if (finishReason === 'length') output.detail('The answer was cut: --max-tokens, or the context of the language model.');
  return { answer: text, ...(finishReason && { finishReason }) };
}

/** All pictures, before the first question. */
async function seeAll<Picture>(
  { progress, signal }: AskContext,
  { see }: Answerer<Picture>,
  inputs: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly pictures: readonly Picture[] }> {
  const files = await expandInputs(inputs);
  const pictures: Picture[] = [];
  for (const [i, file] of files.entries()) {
    const onProgress = progress.reporter(file, i, files.length);
    const picture = await see(await pictureSource(file), { signal, onProgress }).catch((error: unknown) => {
      if (!(error instanceof VitaminError) || error.message.includes(file)) throw error;
      throw new VitaminError(error.code, `${file}: ${error.message}`, { ...(error.hint && { hint: error.hint }), cause: error });
    });
    pictures.push(picture);
  }
  return { files, pictures };
}
