import { VitaminError } from '@vitamin-vlm/core';
import type { Bridge, LlamaMemory } from '@vitamin-vlm/llava-bridge';
import type { Context } from './command.ts';
import type { Values } from './flag-table.ts';
import type { bridgeFlags, decoderFlags, promptFlags } from './bridge-flags.ts';
import { asWeights, checkDevice, locateOptions } from './model.ts';
import { formatBytes } from './text.ts';

/** What runs a language model. */
export type EngineName = 'local' | 'vllm' | 'llama.cpp';

/** What an address is for: that of a server, a file of llama.cpp's, or else a folder. */
export function engineOf(llm: string): EngineName {
  if (/^https?:\/\//u.test(llm)) return 'vllm';
  return /\.gguf$/iu.test(llm) ? 'llama.cpp' : 'local';
}

/** How much of a bridge a command needs: everything, or pictures to tokens alone. */
export type BridgePart = 'answers' | 'tokens';

/**
 * Loads tower, projector and language model that the flags name. For tokens, and for other engines, the language model's folder only says how pictures are read.
 *
 * @throws VitaminError as `Bridge.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device, and for
 *   another engine without --projector.
 */
export async function loadBridge(
  context: Context<typeof bridgeFlags>,
  part: BridgePart,
  { template, system, precision, context: length }: Partial<Values<typeof promptFlags & typeof decoderFlags>> = {},
): Promise<Bridge> {
  const { model, llm, projector, readAs, rule, layer, threads, device, cacheDir } = context.flags;
  await checkDevice(device, context.output);
  const isFolder = engineOf(llm) === 'local';
  const folder = isFolder ? llm : readAs;
  if (folder === undefined && projector === undefined) {
    throw new VitaminError('USAGE', `Expected --projector beside ${llm} but received none`, {
      hint: 'Name the projector that was trained for this language model, or a folder that holds it with --read-as.',
    });
  }
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Bridge } = await import('@vitamin-vlm/llava-bridge');
  return await Bridge.load({
    tower: model,
    llm: folder,
    answers: part === 'answers' && isFolder,
    projector,
    rule,
    layer,
    template,
    system,
    llmPrecision: precision,
    context: length,
    onMemory: (memory) => tellMemory(context, memory),
    threads,
    provider,
    cacheDir,
    ...locateOptions(context, model),
  }).catch((error: unknown) => {
    throw asWeights(error);
  });
}

/** A model that takes long to load, or much, is told beforehand. */
function tellMemory({ output }: Context, { parameters, weights, cache, total }: LlamaMemory): void {
  const text = `Language model: ${(parameters / 1e6).toFixed(0)} million parameters, ${formatBytes(weights)} of weights, ${formatBytes(cache)} of keys and values; ${formatBytes(total)} in all.`;
  if (total > WORTH_TELLING) output.note(text);
  else output.detail(text);
}

const WORTH_TELLING = 1e9;

/** What a result says about the models that made it. */
export function describeBridge(bridge: Bridge, llm: string): Record<string, unknown> {
  const { tower, projector, languageModel } = bridge.identity;
  return { llm, identity: { tower, projector, ...(languageModel === undefined ? {} : { languageModel }) } };
}
