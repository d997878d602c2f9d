import { tensor } from '@vitamin-vlm/core';
import {
  cellOf,
  classDirections,
  clipRegions,
  type Extents,
  type FVitConfig,
  frozenNorm,
  fuseScores,
  orderByLevel,
  regionFeeds,
  regionInputs,
  regionNetwork,
  roiLevels,
  unsort,
  wordLogits,
} from '@vitamin-vlm/fvit-detection';
import { Graph, l2Normalize, Parameters, roiWeights, softmax, type Weights } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import { decodeToPicture, type FloatTensor } from './pyramid.ts';
import { runGraph } from './run-graph.ts';

/** What scores are made with. */
export interface RegionSettings {
  readonly alpha: number;
  readonly beta: number;
  readonly detectTemperature: number;
  readonly vlmTemperature: number;
  /** Indices of the novel classes. */
  readonly novel: readonly number[];
}

/** Pictures and maps that regions are read from. */
export interface RegionSource {
  /** P2 to P5. */
  readonly pyramid: readonly FloatTensor[];
  /** [1, E, h, w], the dense CLIP map. */
  readonly dense: FloatTensor;
  readonly clip: Extents;
  readonly scale: { readonly x: number; readonly y: number };
}

/** The heads, and the words that they were trained with. */
interface RegionModel {
  readonly weights: Weights;
  readonly config: FVitConfig;
  /** [E, classes + 1] */
  readonly embeddings: FloatTensor;
}

/** Compares everything that is computed for single regions: features, box head, CLIP's vectors, scores, decoded boxes. */
export async function compareRegions(
  golden: Golden,
  proposals: Float32Array,
  { pyramid, dense, clip, scale }: RegionSource,
  model: RegionModel,
  settings: RegionSettings,
  session: SessionOptions,
): Promise<void> {
  const extra = golden.at('extraRois').takeNumbers();
  const rois = Float32Array.from([...proposals.subarray(0, 4 * golden.at('fromProposals').takeNumber()), ...extra]);
  golden.at('levels').equal(roiLevels(rois, pyramid.length));
  const inOrder = await computeRegions(rois, { pyramid, dense }, model, settings, session);
  for (const [name, value] of Object.entries(inOrder)) golden.at(name).tensor(value);
  const scores = inOrder['combined']!;
  golden.at('combinedBase').tensor(pickColumns(scores, (column) => !settings.novel.includes(column)));
  golden.at('combinedNovel').tensor(pickColumns(scores, (column) => settings.novel.includes(column)));
  for (const name of golden.at('row0').keys()) {
    const { shape, data } = inOrder[name]!;
    golden.at('row0', name).numbers(data.subarray(0, shape[1]));
  }
  golden.at('decodedOriginal').tensor(decodeToPicture(rois, inOrder['deltas']!.data, clip, scale));
}

/** Everything inside the networks for some regions, in their order, by the names of the file. */
async function computeRegions(
  rois: Float32Array,
  { pyramid, dense }: Pick<RegionSource, 'pyramid' | 'dense'>,
  { weights, config, embeddings }: RegionModel,
  settings: RegionSettings,
  session: SessionOptions,
): Promise<Record<string, FloatTensor>> {
  const order = orderByLevel(rois);
  const [, , height = 0, width = 0] = dense.shape;
  const count = rois.length / 4;
  const graph = new Graph('regions');
  const { root } = new Parameters(graph, { weights });
  const inputs = regionInputs(graph, config, { height, width });
  const { features, convolved, shared, classVectors, deltas } = regionNetwork(root, inputs.pyramid, inputs.regions, config, frozenNorm);
  const map = graph.input('clip', 'float32', dense.shape);
  const clipVectors = clipRegions(
    map,
    graph.input('rows', 'float32', ['R', 1, height]),
    graph.input('columns', 'float32', ['R', 1, width]),
  );
  const columns = config.classes + 1;
  const vocabulary = {
    embeddings: graph.constant(rowsOf(embeddings)),
    synonyms: graph.constant(
      tensor(
        'int64',
        [columns, 1],
        BigInt64Array.from({ length: columns }, (_, i) => BigInt(i)),
      ),
    ),
  };
  const logits = wordLogits(classDirections(classVectors), vocabulary, graph.scalar(settings.detectTemperature));
  const clipLogits = wordLogits(l2Normalize(clipVectors), vocabulary, graph.scalar(settings.vlmTemperature));
  const shares = Float32Array.from({ length: columns }, (_, i) => (settings.novel.includes(i) ? settings.beta : settings.alpha));
  const combined = fuseScores(logits, clipLogits, graph.constant(tensor('float32', [columns], shares)));
  const values = {
    roiFeatures: features,
    sharedConvOut: convolved,
    sharedFcOut: shared,
    vlmRoiFeatures: clipVectors,
    logits,
    detectorProb: softmax(logits),
    deltas,
    vlmProb: softmax(clipLogits),
    combined,
  };
  const sorted = Array.from(order.places).flatMap((place) => [...rois.subarray(4 * place, 4 * place + 4)]);
  const found = await runGraph(
    graph,
    values,
    {
      ...Object.fromEntries(pyramid.map((level, i) => [`p${i + 2}`, level])),
      ...regionFeeds(rois, order),
      clip: dense,
      ...roiWeights({ boxes: sorted, images: new Uint8Array(count), maps: [1, height, width], size: [1, 1], scale: 1 / cellOf(config) }),
    },
    session,
  );
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, unsort(value, order)]));
}

function pickColumns({ shape, data }: FloatTensor, wanted: (column: number) => boolean): FloatTensor {
  const [rows = 0, columns = 0] = shape;
  const picked = data.filter((_, i) => wanted(i % columns));
  return tensor('float32', [rows, picked.length / rows], picked);
}

/** Columns as rows. */
function rowsOf({ shape, data }: FloatTensor): FloatTensor {
  const [rows = 0, columns = 0] = shape;
  return tensor(
    'float32',
    [columns, rows],
    Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}
