import { createInterface } from 'node:readline';
import { VitaminError } from '@vitamin-vlm/core';
import {
  askServer,
  type Bridge,
  chatEmbedsRequest,
  type FinishReason,
  imageEmbedsRequest,
  servedModel,
  type VisualTokens,
} from '@vitamin-vlm/llava-bridge';
import { describeBridge } from '../bridge.ts';
import type { Context } from '../command.ts';
import type { answerFlags, bridgeFlags, promptFlags } from '../bridge-flags.ts';
import { expandInputs } from '../inputs.ts';

/** What asking takes. */
type AskContext = Context<
  typeof bridgeFlags & typeof promptFlags & typeof answerFlags & { readonly served: { readonly kind: 'text'; readonly help: string } }
>;

/** What an answerer is asked. */
interface Asked {
  readonly pictures: readonly VisualTokens[];
  readonly question: string;
  /** Questions and answers before, in turn. */
  readonly history: readonly string[];
  readonly onFinish: (reason: FinishReason) => void;
}

/** Something that answers questions about pictures: a model of our own, or a server. */
interface Answerer {
  readonly bridge: Bridge;
  /** What a result says about it. */
  readonly model: Record<string, unknown>;
  readonly answer: (asked: Asked) => AsyncIterable<string>;
}

/** The language model of the bridge itself. */
export function localAnswerer(bridge: Bridge, { flags, signal }: AskContext): Answerer {
  const { maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop } = flags;
  const options = { maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop, signal };
  return {
    bridge,
    model: describeBridge(bridge, flags.llm),
    answer: ({ pictures, question, history, onFinish }) => bridge.ask(pictures, question, { ...options, history, onFinish }),
  };
}

/**
 * A vLLM server. A LLaVA takes image_embeds, a model of text alone prompt_embeds: the second is tried where the first is refused.
 *
 * @throws VitaminError `NETWORK` when the server cannot be reached.
 */
export async function serverAnswerer(bridge: Bridge, { flags, signal }: AskContext): Promise<Answerer> {
  const { llm: url, maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop } = flags;
  const model = flags.served ?? (await servedModel({ url, signal }));
  const options = { model, maxTokens, temperature, topP, topK, repetitionPenalty, seed, stop, stream: true };
  return {
    bridge,
    model: { ...describeBridge(bridge, url), served: model },
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
export async function answerOnce(context: AskContext, answerer: Answerer, inputs: readonly string[], question: string): Promise<number> {
  const { output, writer } = context;
  const { files, pictures } = await see(context, answerer, inputs);
  const said = await say(context, answerer, { pictures, question, history: [] });
  await output.whole(undefined, { model: answerer.model, images: files, question, ...said }, writer);
  return 0;
}

/** Questions that come line by line, each with what was said before. */
export async function converse(context: AskContext, answerer: Answerer, inputs: readonly string[]): Promise<number> {
  const { output, writer, signal } = context;
  const { files, pictures } = await see(context, answerer, inputs);
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
async function say(
  { output }: AskContext,
  { answer }: Answerer,
  asked: Omit<Asked, 'onFinish'>,
): Promise<{ readonly answer: string; readonly finishReason?: FinishReason }> {
  const reasons: FinishReason[] = [];
  const text = await output.pieces(answer({ ...asked, onFinish: (reason) => reasons.push(reason) }));
  const [finishReason] = reasons;
  if (finishReason === 'length') output.detail('The answer was cut: --max-tokens, or the context of the language model.');
  return { answer: text, ...(finishReason && { finishReason }) };
}

/** The pictures as tokens, all before the first question. */
async function see(
  { progress, signal }: AskContext,
  { bridge }: Answerer,
  inputs: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly pictures: readonly VisualTokens[] }> {
  const files = await expandInputs(inputs);
  const pictures: VisualTokens[] = [];
  for (const [i, file] of files.entries()) {
    const onProgress = progress.reporter(file, i, files.length);
    const tokens = await bridge.tokens(file, { signal, onProgress }).catch((error: unknown) => {
      if (!(error instanceof VitaminError) || error.message.includes(file)) throw error;
      throw new VitaminError(error.code, `${file}: ${error.message}`, { ...(error.hint && { hint: error.hint }), cause: error });
    });
    pictures.push(tokens);
  }
  return { files, pictures };
}
