import { CLIP_NORMALIZATION_255 as normalization } from '@vitamin-vlm/image';
import { Graph, matmul, toOnnx } from '@vitamin-vlm/graph';
import {
  clipHeadOf,
  type FcclipConfig,
  Heads,
  maskGraph,
  openSegmenter,
  pixelGraph,
  type SegmentEncoding,
  Segmenter,
  type SegmentTask,
  type SegmentVocabulary,
} from '@vitamin-vlm/fcclip-segmentation';
import { Session, SessionPool } from '@vitamin-vlm/runtime';
import { type Setting, targetOfLarge } from '../bench.ts';
import { writeNoisePicture } from '../detector-model.ts';
import type { Figure } from '../figure.ts';
import { multiplications } from '../multiplications.ts';
import { noise } from '../noise.ts';
import { median, paired } from '../paired.ts';
import { noiseMaps, noiseWords, segmenterConfig, writeSegmenter } from '../segmenter-model.ts';

/** Rows, inner extent and columns of the matrix product that the decoders are compared with. */
const PRODUCT = [4096, 1024, 1024] as const;
/** The picture that is asked, in pixels. */
const ASKED = [640, 480] as const;
const WORDS = 20;
const TASKS: readonly SegmentTask[] = ['panoptic', 'semantic'];

/** FC-CLIP behind the tower: how fast its decoders compute, and how long answers take. */
export async function segmentBench(setting: Setting): Promise<Figure[]> {
  return [...(await decoders(setting)), ...(await embedded(setting))];
}

async function decoders({ folder, threads, rounds, clock, model }: Setting): Promise<Figure[]> {
  const file = await writeSegmenter(folder, model);
  const config = segmenterConfig(model);
  const { weights, tower } = await openSegmenter(file, { cacheDir: folder });
  const clipHead = clipHeadOf(tower.config);
  const graphs = [pixelGraph(weights, config), maskGraph(new Map([...tower.weights, ...weights]), config, clipHead)];
  const operations = graphs.reduce((sum, graph) => sum + multiplications(graph), 0);
  await using pool = new SessionPool({ threads, cacheDir: folder });
  const heads = new Heads({ config, weights, clipWeights: tower.weights, clipHead }, pool);
  const product = new Graph('product');
  const [rows, inner, columns] = PRODUCT;
  product.output('c', matmul(product.input('a', 'float32', [rows, inner]), product.input('b', 'float32', [inner, columns])));
  await using peer = await Session.create(toOnnx(product), { threads, cacheDir: folder });
  const [a, b] = [noise([rows, inner], { scale: 1 }), noise([inner, columns], { scale: 1 })];
  const measured = await paired(
    rounds,
    clock,
    () => heads.masks(noiseMaps(config), {}),
    () => peer.run({ a, b }),
  );
  const [ours, theirs] = [rate(operations, median(measured.ours)), rate(rows * inner * columns, median(measured.peer))];
  const speed: Figure = {
    bench: 'segment',
    what: `both decoders of FC-CLIP on ViTamin ${model.size} at ${config.canvas.width}`,
    unit: 'GFLOP/s',
    ours,
    peerName: `a matrix product, ${PRODUCT.join(' x ')}`,
    peer: theirs,
    ratio: ours / theirs,
    ...targetOfLarge(model, { on: 'ratio', bound: 'at least', value: 0.5 }),
    note: `${(operations / 1e9).toFixed(0)} GMAC in ${(median(measured.ours) / 1000).toFixed(1)} s`,
  };
  await using segmenter = await Segmenter.load(file, { threads, cacheDir: folder });
  const encoding = await maskedNoise(segmenter, heads, config);
  const asked = await answers(segmenter, encoding, rounds, clock);
  return [
    speed,
    ...asked.map(({ task, times }): Figure => ({
      bench: 'segment',
      what: `${task}, ${WORDS} words, ${ASKED.join(' x ')}, masks of random weights`,
      unit: 'ms',
      ours: times,
      peerName: 'both decoders',
      peer: median(measured.ours),
      ratio: times / median(measured.ours),
      ...targetOfLarge(model, { on: 'ratio', bound: 'at most', value: 0.1 }),
    })),
  ];
}

/** Billions of multiplications and additions a second, from multiply-accumulate operations and milliseconds. */
function rate(operations: number, milliseconds: number): number {
  return (2 * operations) / milliseconds / 1e6;
}

/** What the decoders make of noise, as the encoding of a picture. */
async function maskedNoise({ model }: Segmenter, heads: Heads, config: FcclipConfig): Promise<SegmentEncoding> {
  const { identity, tower } = model;
  const [width, height] = ASKED;
  const { width: side } = config.canvas;
  const region = { left: 0, top: 0, width: side, height: Math.round((height * side) / width) };
  const recipe = {
    ...tower.recipe,
    size: side,
    edge: 'longest',
    resize: 'bilinear',
    window: side,
    stride: side,
    placement: 'floor',
    padding: 'zeroBefore',
  } as const;
  const geometry = { width, height, inputWidth: side, inputHeight: side, region };
  return { identity, recipe: { ...recipe, normalization }, geometry, ...(await heads.masks(noiseMaps(config), {})) };
}

/** The embedded segmenter, asked with the classes of its training. */
async function embedded({ folder, threads, rounds, clock }: Setting): Promise<Figure[]> {
  await using segmenter = await Segmenter.load('nano', { threads, cacheDir: folder });
  const encoding = await segmenter.encode(await writeNoisePicture(folder, ...ASKED));
  const vocabulary = await segmenter.vocabulary();
  const found: Figure[] = [];
  for (const { task, times } of await answers(segmenter, encoding, rounds, clock, vocabulary)) {
    found.push({
      bench: 'segment',
      what: `${task}, ${vocabulary.labels.length} words asked of an encoding, ${ASKED.join(' x ')}, embedded segmenter`,
      unit: 'ms',
      ours: times,
      peerName: 'the bound',
      peer: 300,
      ratio: times / 300,
      target: { on: 'ours', bound: 'at most', value: 300 },
    });
  }
  return found;
}

async function answers(
  segmenter: Segmenter,
  encoding: SegmentEncoding,
  rounds: number,
  clock: () => number,
  vocabulary: SegmentVocabulary = noiseVocabulary(segmenter),
): Promise<{ task: SegmentTask; times: number }[]> {
  const found: { task: SegmentTask; times: number }[] = [];
  for (const task of TASKS) {
    const ask = (): Promise<unknown> => segmenter.segment(encoding, vocabulary, { task });
    const { ours } = await paired(rounds, clock, ask, () => undefined);
    found.push({ task, times: median(ours) });
  }
  return found;
}

function noiseVocabulary({ model }: Segmenter): SegmentVocabulary {
  const labels = Array.from({ length: WORDS }, (_, i) => ({ name: `word ${i}`, synonyms: [`word ${i}`] }));
  const flags = labels.map((_, i) => i % 2 === 0);
  return { identity: model.identity, labels, things: flags, seen: flags, embeddings: noiseWords(WORDS, model.config.embedDim) };
}
