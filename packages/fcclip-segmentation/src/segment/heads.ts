import { type Tensor, tensor, type WorkOptions } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { SessionPool } from '@vitamin-vlm/runtime';
import type { ClipHead } from '../models/clip-head.ts';
import { type FcclipConfig, type FcclipSizes, towerLevels } from '../models/config.ts';
import { type SumClasses, sumClasses } from '../postprocess/class-sums.ts';
import { maskGraph, pixelGraph, scoreGraph } from './graphs.ts';

/** Tower maps by the names of `towerLevels`, [1, C, h, w]. */
export type Maps = Readonly<Record<string, Tensor<'float32'>>>;

/** What the decoders find in a picture. */
export interface FoundMasks {
  /** [Q, h, w] */
  readonly maskLogits: Tensor<'float32'>;
  /** [Q, E] each, not normalized. */
  readonly classVectors: Tensor<'float32'>;
  readonly clipVectors: Tensor<'float32'>;
}

/** What `Heads` are made from. */
export interface HeadsModel {
  readonly config: FcclipSizes;
  /** Of the segmenter, by the names of the checkpoint. */
  readonly weights: Weights;
  /** Of the CLIP model, under open_clip's names. */
  readonly clipWeights: Weights;
  readonly clipHead: ClipHead;
}

/** The networks behind the tower, as sessions that are made when first needed. */
export class Heads {
  readonly #model: HeadsModel;
  readonly #sessions: SessionPool;

  constructor(model: HeadsModel, sessions: SessionPool) {
    this.#model = model;
    this.#sessions = sessions;
  }

  /** From the tower's maps to masks and their vectors. The maps are given away. */
  async masks(maps: Maps, options: WorkOptions): Promise<FoundMasks> {
    const { weights, clipWeights, clipHead } = this.#model;
    const levels = towerLevels(this.#model.config);
    const [, , rows = 0, columns = 0] = maps[levels[0]!]!.shape;
    const canvas = { height: 4 * rows, width: 4 * columns };
    const config: FcclipConfig = { ...this.#model.config, canvas };
    const run = async (kind: 'pixels' | 'masks', feeds: Maps): Promise<Record<string, Tensor<'float32'>>> => {
      const build =
        kind === 'pixels' ? () => pixelGraph(weights, config) : () => maskGraph(new Map([...clipWeights, ...weights]), config, clipHead);
      using lease = await this.#sessions.lease({ kind, ...canvas }, build, options);
      return (await lease.session.run(feeds, { signal: options.signal, transfer: true })) as Record<string, Tensor<'float32'>>;
    };
    const last = levels.at(-1)!;
    const dense = tensor('float32', maps[last]!.shape, maps[last]!.data.slice()); // CLIP's map is read once more, behind the pixel decoder
    const pixels = await run('pixels', Object.fromEntries(levels.map((level) => [level, maps[level]!])));
    const found = await run('masks', { ...pixels, [last]: dense });
    const single = (name: string): Tensor<'float32'> => tensor('float32', found[name]!.shape.slice(1), found[name]!.data);
    return { maskLogits: single('maskLogits'), classVectors: single('classVectors'), clipVectors: single('clipVectors') };
  }

  /** Probabilities [Q, K + 1] from vectors and words, by the inputs of `scoreGraph`. */
  async probabilities(feeds: Readonly<Record<string, Tensor>>, options: WorkOptions): Promise<Tensor<'float32'>> {
    const { config, weights } = this.#model;
    using lease = await this.#sessions.lease({ kind: 'scores' }, () => scoreGraph(weights, config), options);
    return (await lease.session.run(feeds, { signal: options.signal }))['probabilities'] as Tensor<'float32'>;
  }

  /** See `sumClasses`. */
  sums(options: WorkOptions): SumClasses {
    return sumClasses(this.#sessions, options);
  }
}
