import { VitaminError } from '@vitamin-vlm/core';
import type { Bridge } from '@vitamin-vlm/llava-bridge';
import type { Context } from './command.ts';
import type { Values } from './flag-table.ts';
import type { bridgeFlags, promptFlags } from './bridge-flags.ts';
import { asWeights, checkDevice, locateOptions } from './model.ts';

/** Whether an address is a server's. */
export function isServer(llm: string): boolean {
  return /^https?:\/\//u.test(llm);
}

/** How much of a bridge a command needs: everything, or pictures to tokens alone. */
export type BridgePart = 'answers' | 'tokens';

/**
 * Loads tower, projector and language model that the flags name. For tokens, and for a server, the language model's folder only says how pictures are read.
 *
 * @throws VitaminError as `Bridge.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device, and for a
 *   server without --projector.
 */
export async function loadBridge(
  context: Context<typeof bridgeFlags>,
  part: BridgePart,
  { template, system }: Partial<Values<typeof promptFlags>> = {},
): Promise<Bridge> {
  const { model, llm, projector, readAs, rule, layer, threads, device, cacheDir } = context.flags;
  await checkDevice(device);
  const folder = isServer(llm) ? readAs : llm;
  if (folder === undefined && projector === undefined) {
    throw new VitaminError('USAGE', `Expected --projector beside the server ${llm} but received none`, {
      hint: 'Name the projector that was trained for the served language model, or its folder with --read-as.',
    });
  }
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Bridge } = await import('@vitamin-vlm/llava-bridge');
  return await Bridge.load({
    tower: model,
    llm: folder,
    answers: part === 'answers' && !isServer(llm),
    projector,
    rule,
    layer,
    template,
    system,
    threads,
    provider,
    cacheDir,
    ...locateOptions(context, model),
  }).catch((error: unknown) => {
    throw asWeights(error);
  });
}

/** What a result says about the models that made it. */
export function describeBridge(bridge: Bridge, llm: string): Record<string, unknown> {
  const { tower, projector, languageModel } = bridge.identity;
  return { llm, identity: { tower, projector, ...(languageModel === undefined ? {} : { languageModel }) } };
}
