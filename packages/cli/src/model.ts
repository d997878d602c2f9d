import { join } from 'node:path';
import type { Backbone, Identity, ImageEncoding, LocateOptions } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from './command.ts';
import type { modelFlags } from './flags.ts';
import type { Output } from './output.ts';

/**
 * Loads the model that the flags name.
 *
 * @throws VitaminError as `Backbone.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device.
 */
export async function loadModel(context: Context<typeof modelFlags>): Promise<Backbone> {
  const { model, precision, threads, device, cacheDir } = context.flags;
  remarkOnDefault(context);
  await checkDevice(device, context.output);
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Backbone } = await import('@vitamin-vlm/backbone');
  return await Backbone.load(model, { precision, threads, provider, cacheDir, ...locateOptions(context, model) }).catch(
    (error: unknown) => {
      throw asWeights(error);
    },
  );
}

/** Who has been told: a command may load two parts of one model. */
const remarked = new WeakSet<object>();

/** Says once that the model nobody asked for knows drawn scenes only. */
export function remarkOnDefault({ sourceOf, output }: Pick<Context, 'sourceOf' | 'output'>): void {
  if (sourceOf('model') !== 'default' || remarked.has(output)) return;
  remarked.add(output);
  output.note(
    'The embedded model nano knows drawn scenes only, no photographs. For those take --model vitamin-large-336 (1.8 GB, fetched once); vitamin list shows others.',
  );
}

/** How to find and fetch weights. */
export function locateOptions({ flags, sourceOf, signal, progress }: Context, model: string): LocateOptions {
  // Absent flags stay absent, so that the HF_* variables decide. A folder for this run alone is no place for downloads.
  const hub = flags.cacheDir === undefined || sourceOf('cacheDir') === 'default' ? {} : { cacheDir: hubFolder(flags.cacheDir) };
  return { signal, onProgress: progress.reporter(model), ...(flags.offline ? { offline: true } : {}), hub };
}

/** Where downloads lie below --cache-dir. */
export function hubFolder(cacheDir: string): string {
  return join(cacheDir, 'hub');
}

/** What a result says about the model that made it. */
export function describeModel({ model, imageSize }: Backbone): { name: string; address: string; identity: Identity; imageSize: number } {
  return { name: model.tower.id, address: model.address, identity: model.identity, imageSize };
}

/** A missing or unreadable file is the model's fault here. */
export function asWeights(error: unknown): unknown {
  if (!(error instanceof VitaminError) || !error.code.startsWith('INPUT_')) return error;
  const code = error.code === 'INPUT_NOT_FOUND' ? 'WEIGHTS_MISSING' : 'WEIGHTS_CORRUPT';
  return new VitaminError(code, error.message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
}

/**
 * What `vitamin encode` wrote.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`; `WEIGHTS_MISMATCH` when another model made it, or the same one in another way.
 */
export async function readEncoding(path: string, backbone: Backbone): Promise<ImageEncoding> {
  return await asPicture(backbone.loadEncoding(path), 'vitamin encode');
}

/** What reading an encoding gives. The file is a picture here, not a model: so it is told when it is broken, and by which command it is made. */
export async function asPicture<T>(reading: Promise<T>, command: string): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const broken = ['WEIGHTS_CORRUPT', 'WEIGHTS_MISSING', 'UNSAFE_PICKLE', 'UNSUPPORTED'];
    if (!(error instanceof VitaminError) || !broken.includes(error.code)) throw error;
    throw new VitaminError('INPUT_UNREADABLE', error.message, { cause: error, hint: `Make it again with ${command}.` });
  }
}

/** @throws VitaminError `USAGE` when an encoding is not of the picture beside it, if there is one. */
export function checkSamePicture(
  picture: { readonly width: number; readonly height: number } | undefined,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  if (!picture || (picture.width === width && picture.height === height)) return;
  const found = `${picture.width}x${picture.height}`;
  throw new VitaminError('USAGE', `Expected the picture of the encoding, ${width}x${height}, but received ${found}`);
}

/**
 * The engine would be asked only when the first session is made, after the weights were fetched. Says what TensorFlow.js computes on, which it chooses by what is
 * installed.
 */
export async function checkDevice(device: string | undefined, output?: Pick<Output, 'note'>): Promise<void> {
  if (device === undefined || device === 'cpu') return;
  const { listProviders } = await import('@vitamin-vlm/runtime');
  const providers = await listProviders();
  const found = providers.find(({ name }) => name === device);
  if (found?.available) {
    if (device.startsWith('tfjs')) output?.note(`Device ${device}: ${found.note}. ONNX Runtime, the default, is faster on a CPU.`);
    return;
  }
  const names = providers.filter(({ available }) => available).map(({ name }) => name);
  throw new VitaminError('USAGE', `Expected --device ${names.join(' or ')} but received ${device}`, {
    hint: found?.note === undefined ? 'vitamin doctor lists the devices.' : `${device}: ${found.note}.`,
  });
}
