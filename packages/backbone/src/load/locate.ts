import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HubOptions, resolveHubFile } from '@vitamin-vlm/checkpoint';
import { BUNDLED_HINT, fileBeside, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { publishedModels } from './models.data.ts';
import type { PublishedModel } from './published-model.ts';

/** The model that comes with this package. */
export const EMBEDDED_MODEL = 'nano';

/** Where the words of towers with a tokenizer of their own are described, beside their weights. */
export const TOKENIZER_FILE = 'tokenizer.json';

/** Where the weights of an address lie. */
export interface Located {
  /** A file or a folder. */
  readonly path: string;
  readonly published?: PublishedModel;
}

/** What finding weights may need. */
export interface LocateOptions extends WorkOptions {
  /** Make no request: only what the cache of the Hub holds. */
  readonly offline?: boolean | undefined;
  /** Further settings of the Hub: its cache, endpoint, token. */
  readonly hub?: HubOptions | undefined;
}

/** The embedded model lies beside the code in the npm package, and at the root of the repository. */
function embeddedFolder(): string {
  const places = ['../../models/nano/', '../../../../models/nano/'].map((place) => fileURLToPath(fileBeside(place, import.meta.url)));
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new VitaminError('WEIGHTS_MISSING', `Expected the embedded model in ${places.join(' or ')} but found neither`, {
    hint: BUNDLED_HINT,
  });
}

/**
 * Turns an address into a path, downloading if need be.
 *
 * @param address - `nano`, `nano/FILE` for another file that comes with it, the name of a published model, `hf:org/name[@revision][/file]`, a file, or a folder.
 * @throws VitaminError `MODEL_UNKNOWN` for a name that is none of these, `INPUT_NOT_FOUND` for a path where nothing is, and what
 *   `resolveHubFile` throws.
 * @example
 * ```ts
 * import { locate } from '@vitamin-vlm/backbone';
 * console.log((await locate('nano')).path); // the folder of the embedded model
 * ```
 */
export async function locate(address: string, options: LocateOptions = {}): Promise<Located> {
  const { offline, hub, signal, onProgress } = options;
  if (address === EMBEDDED_MODEL) return { path: embeddedFolder() };
  if (address.startsWith(`${EMBEDDED_MODEL}/`)) {
    const path = join(embeddedFolder(), basename(address));
    if (existsSync(path)) return { path };
  }
  const published = publishedModels.find(({ name, repo }) => name === address || isHubAddressOf(address, repo));
  if (published || address.startsWith('hf:')) {
    const uri = address.startsWith('hf:') ? address : `hf:${published!.repo}`;
    const path = await resolvePublished(uri, published, { ...hub, offline: offline ?? hub?.offline, signal, onProgress });
    return { path, ...(published ? { published } : {}) };
  }
  const info = await stat(address).catch(() => undefined);
  if (info) return { path: resolve(address) };
  if (/[/\\]|\.\w+$/u.test(address)) {
    const likeHub = /^[\w.-]+\/[\w.-]+$/u.test(address) && !address.startsWith('.');
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a checkpoint at ${address} but found nothing there`, {
      hint: likeHub ? `A repository of the Hugging Face Hub is written hf:${address}` : 'Relative paths start at the current directory.',
    });
  }
  throw new VitaminError('MODEL_UNKNOWN', `Expected the name of a model, a path or an hf: address but received "${address}"`, {
    hint: `Names: ${[EMBEDDED_MODEL, ...publishedModels.map(({ name }) => name)].join(', ')}.`,
  });
}

/** Weights, and what lies beside them. */
async function resolvePublished(uri: string, published: PublishedModel | undefined, options: HubOptions): Promise<string> {
  const path = await resolveHubFile(uri, options);
  // Pictures need no words: a tokenizer that is out of reach is told when words come.
  if (published?.tokenizer) {
    await resolveHubFile(`hf:${published.repo}/${TOKENIZER_FILE}`, options).catch((error: unknown) => {
      if (!(error instanceof VitaminError) || error.code === 'ABORTED') throw error;
    });
  }
  return path;
}

/** The repository itself, at any revision, with or without a file. */
function isHubAddressOf(address: string, repo: string): boolean {
  const rest = /^hf:(?:\/\/)?(.*)$/su.exec(address)?.[1];
  return rest !== undefined && rest.startsWith(repo) && /^(?:[@/]|$)/u.test(rest.slice(repo.length));
}
