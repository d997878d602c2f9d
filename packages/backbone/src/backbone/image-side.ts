import { type Tensor, tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Lease, Session, SessionKey, SessionPool } from '@vitamin-vlm/runtime';
import type { Identity } from '../load/identity.ts';
import type { Int8Weights } from '../load/int8-weights.ts';
import type { OpenedModel } from '../load/open-model.ts';
import { denseGraph, EMBEDDING, imageGraph, type ImageGraphOptions } from '../towers/graphs.ts';
import type { ImageTower } from '../towers/image-tower.ts';
import type { WindowGrid, WindowPosition } from '../window/grid.ts';
import { slideWindows } from '../window/slide-windows.ts';
import { collectRows, type MapRows } from '../window/stitcher.ts';

/** Squares per run. Memory grows with it, and nothing is gained long before. */
const MAX_BATCH = 1024;

/** Name of the dense CLIP map among the maps. */
export const DENSE = 'dense';

/** Levels that are given unless others are asked for, where the tower has them: what the published frameworks take. */
const LEVELS: readonly string[] = ['os4', 'os8', 'mid', 'res2', 'res3', 'res4', 'res5', 'final'];

/** Those that a tower has. */
export function usualLevels({ levels }: Pick<ImageTower, 'levels'>): readonly string[] {
  return LEVELS.filter((name) => levels.some((level) => level.name === name));
}

/** What to compute over the windows of a picture. */
export interface SlideMapsOptions extends WorkOptions {
  readonly grid: WindowGrid;
  readonly crop: (position: WindowPosition, target: Float32Array) => void;
  /** Names of levels, and `dense`. */
  readonly levels: readonly string[];
  readonly batch: number;
  /** Receives what the pooled head gives for each batch of windows, [batch, E]; nothing without a head. */
  readonly onEmbedding?: ((embedding: Tensor<'float32'>) => void) | undefined;
}

/** The input of a session. */
type InputShape = Pick<ImageGraphOptions, 'height' | 'width' | 'batch'>;

/** The image tower of a model. One session per input shape, batch and set of outputs, made when first needed. */
export class ImageSide {
  readonly tower: ImageTower;
  readonly #identity: Identity;
  readonly #int8: Int8Weights | undefined;
  /** What tells this model's sessions from those of others in the pool. */
  readonly #key: SessionKey;
  readonly #sessions: SessionPool;

  constructor({ tower, identity, int8, recipe: { posEmbed, precision } }: OpenedModel, sessions: SessionPool) {
    this.tower = tower;
    this.#identity = identity;
    this.#int8 = int8;
    this.#key = { tower: identity.tower, head: identity.head, posEmbed, precision };
    this.#sessions = sessions;
  }

  /** Embeds normalized squares, [3, size, size] each, in runs of `batch`. Returns [N, E], not normalized. */
  async embed(inputs: readonly Tensor<'float32'>[], size: number, batch: number, options: WorkOptions): Promise<Tensor<'float32'>> {
    this.#requireHead();
    const { embedDim } = this.tower;
    this.checkSide(size, 'window');
    using lease = await this.#lease({ height: size, width: size, batch }, [EMBEDDING], options);
    const out = tensor('float32', [inputs.length, embedDim!]);
    const pixels = 3 * size * size;
    for (let first = 0; first < inputs.length; first += batch) {
      throwIfAborted(options.signal);
      const image = tensor('float32', [batch, 3, size, size]);
      const part = inputs.slice(first, first + batch);
      part.forEach(({ data }, i) => image.data.set(data, i * pixels));
      const { embedding } = await lease.session.run({ image }, { signal: options.signal, transfer: true });
      out.data.set((embedding as Tensor<'float32'>).data.subarray(0, part.length * embedDim!), first * embedDim!);
    }
    return out;
  }

  /** Runs the tower over the windows and averages its maps. The dense map is made from the averaged tokens, row by row as they are finished. */
  async maps(options: SlideMapsOptions): Promise<Record<string, Tensor<'float32'>>> {
    const { grid, crop, levels, batch, signal, onProgress } = options;
    this.#checkLevels(levels);
    const { denseLevel } = this.tower;
    using head = levels.includes(DENSE) ? await this.#denseHead(options) : undefined;
    const dense = head && this.#denseMap(head.session, grid);
    const collected = dense && levels.includes(denseLevel) ? collectRows(grid, dense.channels, dense.stride) : undefined;
    const names = [...new Set([...levels.filter((name) => name !== DENSE), ...(dense ? [denseLevel] : [])])];
    this.checkSide(grid.window, 'window');
    using lease = await this.#lease({ height: grid.window, width: grid.window, batch }, names, options);
    const maps = await slideWindows({
      grid,
      batchSize: batch,
      crop,
      run: async (image) => {
        await dense?.settled();
        const outputs = await lease.session.run({ image }, { signal, transfer: true });
        if (outputs[EMBEDDING]) options.onEmbedding?.(outputs[EMBEDDING] as Tensor<'float32'>);
        return Object.fromEntries(names.map((name) => [name, outputs[name]!]));
      },
      ...(dense
        ? {
            onRows: {
              [denseLevel]: (rows) => {
                collected?.onRows(rows);
                dense.push(rows);
              },
            },
          }
        : {}),
      signal,
      onProgress,
    });
    await dense?.settled();
    return { ...maps, ...(collected ? { [denseLevel]: collected.map } : {}), ...(dense ? { [DENSE]: dense.map } : {}) };
  }

  /** Runs the tower once over a whole picture, [1, 3, H, W]. */
  async whole(pixels: Tensor<'float32'>, levels: readonly string[], options: WorkOptions): Promise<Record<string, Tensor<'float32'>>> {
    this.#checkLevels(levels);
    const [n, colors, height = 0, width = 0] = pixels.shape;
    if (pixels.shape.length !== 4 || n !== 1 || colors !== 3) {
      throw new VitaminError('USAGE', `Expected pixels [1, 3, H, W] but received [${pixels.shape.join(', ')}]`);
    }
    for (const side of [height, width]) this.checkSide(side, 'side', this.tower.grain);
    const { denseLevel } = this.tower;
    using head = levels.includes(DENSE) ? await this.#denseHead(options) : undefined;
    const names = [...new Set([...levels.filter((name) => name !== DENSE), ...(head ? [denseLevel] : [])])];
    using lease = await this.#lease({ height, width, batch: 1 }, names, options);
    throwIfAborted(options.signal);
    const outputs = await lease.session.run({ image: pixels }, { signal: options.signal });
    const maps = Object.fromEntries(names.map((name) => [name, outputs[name] as Tensor<'float32'>]));
    if (!head) return maps;
    const [, channels, h, w] = maps[denseLevel]!.shape as [number, number, number, number];
    const { dense } = await head.session.run({ map: tensor('float32', [1, channels, h * w], maps[denseLevel]!.data) });
    maps[DENSE] = tensor('float32', [1, this.tower.embedDim!, h, w], dense!.data as Float32Array);
    return Object.fromEntries(levels.map((name) => [name, maps[name]!]));
  }

  async #denseHead(options: WorkOptions): Promise<Lease> {
    this.#requireHead();
    return await this.#sessions.lease({ ...this.#key, kind: 'dense' }, () => denseGraph(this.tower, this.#identity), options);
  }

  /** A dense map that grows by rows. The head runs while the tower works on the next windows. */
  #denseMap(head: Session, grid: WindowGrid): DenseMap {
    const { channels, stride } = this.tower.levels.find(({ name }) => name === this.tower.denseLevel)!;
    return new DenseMap(head, grid, { channels, stride, embedDim: this.tower.embedDim! });
  }

  /** The session that gives these outputs: one that gives more serves as well. */
  /** Sides are checked before. */
  async #lease(input: InputShape, outputs: readonly string[], options: WorkOptions): Promise<Lease> {
    const { batch } = input;
    if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH) {
      throw new VitaminError('USAGE', `Expected a batch of 1 to ${MAX_BATCH} but received ${batch}`);
    }
    const all = this.tower.embedDim === undefined ? [] : [EMBEDDING];
    const wanted = [...new Set([...all, this.tower.denseLevel, ...outputs])].toSorted();
    const fields = { ...this.#key, kind: 'image', ...input };
    const fitting = this.#sessions.keys.find(({ outputs: given, ...others }) => {
      const same = Object.entries(fields).every(([name, value]) => others[name] === value);
      return same && Array.isArray(given) && wanted.every((name) => given.includes(name));
    });
    return await this.#sessions.lease(
      fitting ?? { ...fields, outputs: wanted },
      () => imageGraph(this.tower, this.#identity, { ...input, outputs: wanted, int8: this.#int8 }),
      options,
    );
  }

  /** @throws VitaminError `USAGE` when a side is no positive multiple of the tower's stride, or of another number of pixels. */
  checkSide(size: number, what: string, multiple: number = this.tower.stride): void {
    if (Number.isInteger(size) && size > 0 && size % multiple === 0) return;
    throw new VitaminError('USAGE', `Expected a ${what} that is a multiple of ${multiple} pixels but received ${size}`);
  }

  #checkLevels(levels: readonly string[]): void {
    const known = [...this.tower.levels.map(({ name }) => name), DENSE];
    const unknown = levels.find((name) => !known.includes(name));
    if (unknown === undefined && levels.length > 0) return;
    throw new VitaminError(
      'USAGE',
      `Expected levels among ${known.join(', ')} but received ${unknown === undefined ? 'none' : `"${unknown}"`}`,
    );
  }

  #requireHead(): void {
    if (this.tower.embedDim !== undefined) return;
    throw new VitaminError('UNSUPPORTED', `Expected a model with a projection into the joint space but ${this.tower.id} has none`, {
      hint: 'This checkpoint is a trunk alone: it gives feature maps, but no embeddings.',
    });
  }
}

/** The dense map of a picture under construction. */
class DenseMap {
  readonly map: Tensor<'float32'>;
  readonly channels: number;
  readonly stride: number;
  readonly #session: Session;
  readonly #onRows: (rows: MapRows) => void;
  #work: Promise<void> = Promise.resolve();

  constructor(
    session: Session,
    grid: WindowGrid,
    shape: { readonly channels: number; readonly stride: number; readonly embedDim: number },
  ) {
    this.channels = shape.channels;
    this.stride = shape.stride;
    this.#session = session;
    const { map, onRows } = collectRows(grid, shape.embedDim, shape.stride);
    this.map = map;
    this.#onRows = onRows;
  }

  /** Takes finished rows of averaged tokens. */
  push({ top, rows, data }: MapRows): void {
    const feed = tensor('float32', [1, this.channels, data.length / this.channels], data);
    const run = this.#session.run({ map: feed });
    this.#work = Promise.all([run, this.#work]).then(([{ dense }]) => this.#onRows({ top, rows, data: dense!.data as Float32Array }));
    // The error is thrown by `settled`; until then it must not count as unhandled.
    this.#work.catch(() => undefined);
  }

  /** Waits until everything taken so far is in the map. */
  settled(): Promise<void> {
    return this.#work;
  }
}
