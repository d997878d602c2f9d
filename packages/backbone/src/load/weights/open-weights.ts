import { type Checkpoint, openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, type TensorRecord, throwIfAborted, VitaminError, type WeightSource } from '@vitamin-vlm/core';
import { defaultCacheDir } from '@vitamin-vlm/runtime';
import { type Located, locate, type LocateOptions } from '../locate.ts';
import { type DigestOptions, digestRecords } from './tensor-digests.ts';
import { WeightPart } from './weight-part.ts';

/** One address, or several by the prefix that their names stand under: `{ '': 'fcclip.pth', 'backbone.clip_model.': 'vitamin-large-336' }`. */
export type WeightAddresses = string | Readonly<Record<string, string>>;

/** How weights are opened. */
export interface OpenWeightsOptions extends LocateOptions {
  /** Folder that remembers digests, or false for none. Default: `vitamin` in `XDG_CACHE_HOME` or `~/.cache`. */
  readonly cacheDir?: string | false | undefined;
}

/** How many problems an error shows. */
const SHOWN = 40;

/**
 * Opens the weights of one model, from one file or several. Nothing is read but directories, and the state of an optimizer not even then.
 * Where two files hold one name their bytes must be equal.
 *
 * @param addresses - As `openModel` takes them. Names of a file that stands under a prefix get that prefix.
 * @throws VitaminError what `openCheckpoint` and `resolveHubFile` throw; `MODEL_UNKNOWN`, `INPUT_NOT_FOUND`.
 * @example
 * ```ts
 * import { openWeights } from '@vitamin-vlm/backbone';
 * await using weights = await openWeights({ '': 'fvit.pth', 'backbone.': 'ViTamin-L-336px/pytorch_model.bin' });
 * const neck = await weights.part('neck.');
 * neck.expect(new Map([['fpn_convs.0.conv.weight', [256, 256, 3, 3]]]));
 * weights.check(); // what is missing, mismatched, unused, in all parts at once
 * ```
 */
export async function openWeights(addresses: WeightAddresses, options: OpenWeightsOptions = {}): Promise<OpenWeights> {
  const { cacheDir = defaultCacheDir(), signal, onProgress } = options;
  const entries: [string, string][] = typeof addresses === 'string' ? [['', addresses]] : Object.entries(addresses);
  if (entries.length === 0) throw new VitaminError('USAGE', 'Expected the address of weights but received none');
  const sources: Source[] = [];
  try {
    for (const [prefix, address] of entries) {
      const located = await locate(address, options);
      throwIfAborted(signal);
      sources.push({ prefix: withDot(prefix), address, located, checkpoint: await openCheckpoint(located.path) });
    }
    const weights = new OpenWeights(sources, { cacheDir, signal, onProgress });
    await weights.compare();
    return weights;
  } catch (error) {
    await Promise.all(sources.map(({ checkpoint }) => checkpoint.close()));
    throw error;
  }
}

/** One file of several. */
export interface Source {
  /** Stands before each of its names. */
  readonly prefix: string;
  readonly address: string;
  readonly located: Located;
  readonly checkpoint: Checkpoint;
}

/** The weights of one model, handed out in parts, with one account of all of them. Made by `openWeights`. */
export class OpenWeights implements WeightSource, AsyncDisposable {
  /** Every tensor by its full name. Where two files hold one, the first file's. */
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  readonly sources: readonly Source[];
  /** Where things about these weights are kept, and whom long work tells. */
  readonly options: DigestOptions;
  readonly #sourceOf = new Map<string, Source>();
  readonly #twice: { readonly name: string; readonly records: readonly [TensorRecord, TensorRecord] }[] = [];
  readonly #taken = new Set<string>();
  readonly #parts: WeightPart[] = [];
  readonly #problems: string[] = [];

  constructor(sources: readonly Source[], options: DigestOptions) {
    this.sources = sources;
    this.options = options;
    const tensors = new Map<string, TensorRecord>();
    for (const source of sources) {
      for (const [own, record] of source.checkpoint.tensors) {
        const name = source.prefix + own;
        const first = tensors.get(name);
        if (first) this.#twice.push({ name, records: [first, record] });
        else {
          tensors.set(name, record);
          this.#sourceOf.set(name, source);
        }
      }
    }
    this.tensors = tensors;
  }

  /** Absolute paths of the weight files, in the order of the addresses. */
  get files(): readonly string[] {
    return this.sources.flatMap(({ checkpoint }) => checkpoint.files);
  }

  /** Names that no part has taken yet. */
  get rest(): readonly string[] {
    return [...this.tensors.keys()].filter((name) => !this.#taken.has(name));
  }

  /**
   * Hands out all tensors below a prefix that no part has taken yet; the empty prefix gives whatever is left. Names lose the prefix.
   *
   * @param as - Stands before each name instead.
   */
  async part(prefix: string, as: string = ''): Promise<WeightPart> {
    const below = this.rest.filter((name) => name.startsWith(prefix));
    return await this.take(new Map(below.map((name) => [as + name.slice(prefix.length), name])), prefix);
  }

  /**
   * Hands out tensors under names of the caller's choice. Strided ones are read, because a graph can only point at contiguous bytes.
   *
   * @param names - The part's name -> the full name.
   * @param prefix - Where missing tensors would stand, for messages.
   * @param extents - The part's names of tensors that lose their extents of 1 in front, or gain one.
   * @throws VitaminError `WEIGHTS_MISSING` for a full name that is not there; `USAGE` for one that another part has.
   */
  async take(
    names: ReadonlyMap<string, string>,
    prefix: string = '',
    { squeezed, unsqueezed }: { readonly squeezed?: ReadonlySet<string>; readonly unsqueezed?: ReadonlySet<string> } = {},
  ): Promise<WeightPart> {
    const weights = new Map<string, Tensor | TensorRecord>();
    for (const [own, name] of names) {
      if (this.#taken.has(name)) throw new VitaminError('USAGE', `Expected a tensor that no part has but ${name} was taken`);
      const record = this.tensors.get(name);
      const found = record && !record.strides ? record : await this.read(name);
      weights.set(own, squeezed?.has(own) ? squeeze(found) : unsqueezed?.has(own) ? { ...found, shape: [1, ...found.shape] } : found);
    }
    for (const name of names.values()) this.#taken.add(name);
    const part = new WeightPart(weights, (own) => names.get(own) ?? prefix + own, this.options);
    this.#parts.push(part);
    return part;
  }

  /** Reads one tensor by its full name. @throws VitaminError `WEIGHTS_MISSING`. */
  async read(name: string): Promise<Tensor> {
    const source = this.sourceOf(name);
    return await source.checkpoint.read(name.slice(source.prefix.length));
  }

  /** The file that a tensor comes from, by its full name. The first one for a name that none has. */
  sourceOf(name: string): Source {
    return this.#sourceOf.get(name) ?? this.sources[0]!;
  }

  /** Compares the tensors that two files hold. What differs is told by `check`. */
  async compare(): Promise<void> {
    const plain = this.#twice.filter(({ records }) => records.every(({ strides }) => !strides));
    const digests = await digestRecords(
      plain.flatMap(({ records }) => records),
      this.options,
    );
    for (const { name, records } of this.#twice) {
      const [a, b] = records;
      const same = a.dtype === b.dtype && a.shape.join() === b.shape.join() && digests.get(a)?.sha256 === digests.get(b)?.sha256;
      if (!same) this.#problems.push(`differs    ${name}: in ${a.file} and ${b.file}`);
    }
  }

  /**
   * Call when all parts are taken and have said what they expect.
   *
   * @param options - `unusedAllowed`: by full name, tensors that may be left over.
   * @throws VitaminError `WEIGHTS_MISMATCH` that lists every missing, mismatched, differing, infinite and unused tensor of all parts.
   */
  check(options: { readonly unusedAllowed?: ((name: string) => boolean) | undefined } = {}): void {
    const unused = [...this.#parts.flatMap((part) => part.unused), ...this.rest].filter((name) => !options.unusedAllowed?.(name));
    const problems = [...this.#problems, ...this.#parts.flatMap((part) => part.problems), ...unused.map((name) => `unused     ${name}`)];
    if (problems.length === 0) return;
    const more = problems.length > SHOWN ? `\n  ... and ${problems.length - SHOWN} more` : '';
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected weights that fit the model but found ${problems.length} problems:\n  ${problems.slice(0, SHOWN).join('\n  ')}${more}`,
      { hint: 'Check that the file belongs to this model and variant.' },
    );
  }

  /** Closes the files. The parts stay valid. */
  async close(): Promise<void> {
    await Promise.all(this.sources.map(({ checkpoint }) => checkpoint.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The same elements without the extents of 1 in front: [1, 1, D] becomes [D], [1, L, D] becomes [L, D]. */
function squeeze<T extends Tensor | TensorRecord>(found: T): T {
  const first = found.shape.findIndex((extent) => extent !== 1);
  return { ...found, shape: found.shape.slice(Math.max(first, 0)) };
}

function withDot(prefix: string): string {
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
}
