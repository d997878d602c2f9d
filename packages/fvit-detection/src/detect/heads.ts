import type { ImageTower } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, type WorkOptions } from '@vitamin-vlm/core';
import { Graph, Parameters, roiWeights } from '@vitamin-vlm/graph';
import type { SessionPool } from '@vitamin-vlm/runtime';
import { takeBoxes } from '../boxes/take-boxes.ts';
import type { OpenedDetector } from '../load/open-detector.ts';
import { type MapSize, maskGraph, pyramidGraph, regionGraph, scoreGraph } from './graphs.ts';
import { cellOf, pyramidStrides } from '../models/tower-levels.ts';
import { orderByLevel, regionFeeds, unsort } from './level-order.ts';
import type { RpnOutput } from './proposals.ts';

/** Maps by name, [1, C, h, w] each. */
export type Maps = Readonly<Record<string, Tensor<'float32'>>>;

/** What the box head and CLIP say about R regions. */
export interface RegionVectors {
  readonly classVectors: Tensor<'float32'>;
  readonly clipVectors: Tensor<'float32'>;
  readonly deltas: Tensor<'float32'>;
}

/** The networks behind the tower, as sessions that are made when first needed. */
export class Heads {
  readonly #model: Pick<OpenedDetector, 'weights' | 'config'>;
  readonly #sessions: SessionPool;

  constructor(model: Pick<OpenedDetector, 'weights' | 'config'>, sessions: SessionPool) {
    this.#model = model;
    this.#sessions = sessions;
  }

  /** Tower maps `os4`, `os8`, `mid`, `final` in; P2 to P5 and what the region proposal network says out. The maps are given away. */
  async pyramid(maps: Maps, options: WorkOptions): Promise<{ pyramid: Tensor<'float32'>[]; rpn: RpnOutput[] }> {
    const size = sizeOfMap(maps['final']!);
    const { os4, os8, mid, final } = maps;
    const found = await this.#run('pyramid', size, { os4: os4!, os8: os8!, mid: mid!, final: final! }, true, options);
    const strides = pyramidStrides(cellOf(this.#model.config));
    const rpn = [0, 1, 2, 3, 4].map((level) => {
      const logits = found[`logits${level}`]!;
      const [, , height = 0, width = 0] = logits.shape;
      return { stride: strides[level]!, height, width, logits: logits.data, deltas: found[`deltas${level}`]!.data };
    });
    return { pyramid: [2, 3, 4, 5].map((level) => found[`p${level}`]!), rpn };
  }

  /**
   * Reads R regions [x1, y1, x2, y2] in pixels of the network's input.
   *
   * @param dense - [1, E, h, w], the dense CLIP map.
   * @param give - Whether pyramid and map may be given away.
   */
  async regions(
    rois: Float32Array,
    pyramid: readonly Tensor<'float32'>[],
    dense: Tensor<'float32'>,
    give: boolean,
    options: WorkOptions,
  ): Promise<RegionVectors> {
    const count = rois.length / 4;
    const { embedDim } = this.#model.config;
    if (count === 0) {
      const none = tensor('float32', [0, embedDim]);
      return { classVectors: none, clipVectors: none, deltas: tensor('float32', [0, 4]) };
    }
    const order = orderByLevel(rois);
    const size = sizeOfMap(dense);
    const sorted = takeBoxes(rois, order.places);
    const weights = roiWeights({
      boxes: sorted,
      images: new Uint8Array(count),
      maps: [1, size.height, size.width],
      size: [1, 1],
      scale: 1 / cellOf(this.#model.config),
    });
    const feeds = {
      ...pyramidFeeds(pyramid),
      ...regionFeeds(rois, order),
      clip: dense,
      ...weights,
    };
    const { classVectors, clipVectors, deltas } = await this.#run('regions', size, feeds, give, options);
    return { classVectors: unsort(classVectors!, order), clipVectors: unsort(clipVectors!, order), deltas: unsort(deltas!, order) };
  }

  /** Masks [R, 1, 28, 28], 0 to 1, of R regions in pixels of the network's input. */
  async masks(rois: Float32Array, pyramid: readonly Tensor<'float32'>[], options: WorkOptions): Promise<Tensor<'float32'>> {
    if (rois.length === 0) return tensor('float32', [0, 1, 28, 28]);
    const order = orderByLevel(rois);
    const size = sizeOfMap(pyramid[2]!);
    const { masks } = await this.#run('masks', size, { ...pyramidFeeds(pyramid), ...regionFeeds(rois, order) }, false, options);
    return unsort(masks!, order);
  }

  /** Scores [R, K] from vectors and words, by the inputs of `scoreGraph`. */
  async scores(feeds: Readonly<Record<string, Tensor>>, options: WorkOptions): Promise<Tensor<'float32'>> {
    using lease = await this.#sessions.lease({ kind: 'scores' }, () => scoreGraph(this.#model.config.embedDim), options);
    const { scores } = await lease.session.run(feeds, { signal: options.signal });
    return scores as Tensor<'float32'>;
  }

  /** CLIP's head on one vector of tokens: [C] -> [E], of unit length. */
  async pooled(tokens: Float32Array, tower: ImageTower, options: WorkOptions): Promise<Tensor<'float32'>> {
    using lease = await this.#sessions.lease(
      { kind: 'pooled' },
      () => {
        const graph = new Graph('pooled');
        const { root } = new Parameters(graph, { weights: tower.weightsFor(tower.imageSize) });
        graph.output('pooled', tower.dense(root, graph.input('tokens', 'float32', [1, tokens.length, 1])));
        return graph;
      },
      options,
    );
    const { pooled } = await lease.session.run({ tokens: tensor('float32', [1, tokens.length, 1], tokens) }, { signal: options.signal });
    return tensor('float32', [pooled!.data.length], pooled!.data as Float32Array);
  }

  async #run(
    kind: 'pyramid' | 'regions' | 'masks',
    size: MapSize,
    feeds: Readonly<Record<string, Tensor>>,
    transfer: boolean,
    options: WorkOptions,
  ): Promise<Record<string, Tensor<'float32'>>> {
    const build = { pyramid: pyramidGraph, regions: regionGraph, masks: maskGraph }[kind];
    const { weights, config } = this.#model;
    using lease = await this.#sessions.lease({ kind, ...size }, () => build(weights, config, size), options);
    return (await lease.session.run(feeds, { signal: options.signal, transfer })) as Record<string, Tensor<'float32'>>;
  }
}

function pyramidFeeds(pyramid: readonly Tensor<'float32'>[]): Record<string, Tensor<'float32'>> {
  return Object.fromEntries(pyramid.map((level, i) => [`p${i + 2}`, level]));
}

/** Extents of a map at the tower's stride. */
function sizeOfMap({ shape }: Tensor): MapSize {
  const [, , height = 0, width = 0] = shape;
  return { height, width };
}
