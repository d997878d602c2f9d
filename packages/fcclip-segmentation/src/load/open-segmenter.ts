import { basename } from 'node:path';
import {
  EMBEDDED_MODEL,
  type Identity,
  type OpenedModel,
  openWeights,
  type OpenWeights,
  type OpenWeightsOptions,
  readModel,
  type ReadModelOptions,
} from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { Graph, Parameters, type Weights } from '@vitamin-vlm/graph';
import { clipHeadOf } from '../models/clip-head.ts';
import { type FcclipConfig, type FcclipSizes, inferFcclipConfig, towerLevels } from '../models/config.ts';
import { classVectors, maskLogits, maskNetwork } from '../models/fcclip.ts';
import { towerInputs } from '../segment/graphs.ts';
import { publishedSettings, readSegmenterMetadata, type SegmenterMetadata } from './metadata.ts';

/** The segmenter that comes with the embedded model: decoders alone, its tower is that model's. */
const EMBEDDED_SEGMENTER = `${EMBEDDED_MODEL}/fcclip.pth`;
/** Where the CLIP model stands in a segmenter's file. */
const CLIP = 'backbone.clip_model.';
const SCALE = 'sem_seg_head.predictor.logit_scale';
const NOTHING = 'void_embedding.weight';
/** Buffers of the original program that hold no weights. */
const BUFFERS = /^criterion\./u;
/** Shapes do not depend on the canvas where nothing is learned for it. */
const ANY_CANVAS = { width: 64, height: 64 };

/** Which weights: the tower's parts, and the segmenter on top of it. */
export interface SegmenterIdentity extends Identity {
  /** Both decoders, the learned positions and "nothing". */
  readonly heads: string;
}

/** A segmenter whose weights were found, recognized and checked. Nothing of it runs yet; most of it still lies on the disk. */
export interface OpenedSegmenter extends SegmenterMetadata {
  readonly address: string;
  readonly files: readonly string[];
  /** One sentence that says which part comes from which file. */
  readonly origin: string;
  /** The tower, and the text tower where there is one. */
  readonly tower: OpenedModel;
  readonly config: FcclipSizes;
  /** Everything but the CLIP model, by the names of the checkpoint. */
  readonly weights: Weights;
  readonly identity: SegmenterIdentity;
}

/** How to open a segmenter. */
export interface OpenSegmenterOptions extends OpenWeightsOptions, Pick<ReadModelOptions, 'posEmbed'> {
  /** Address of the CLIP model that it was built on. */
  readonly tower?: string | undefined;
}

/**
 * Finds a segmenter, infers its sizes, and compares every tensor with what CLIP and decoders expect. All bytes are read once for its identity, which is remembered.
 *
 * @param address - `nano`, the segmenter that comes with the embedded model; a file or a folder, or `hf:org/name[@revision][/file]`: a bare state dict, Detectron2's `{ model, ... }`, with or without `module.` before the names.
 * @param options - `posEmbed`: `skip` leaves the tower's position embedding out, as the released program does with a plain timm tower. Default `add`.
 * @throws VitaminError `INPUT_NOT_FOUND`; `MODEL_UNKNOWN` for weights that are no FC-CLIP; `WEIGHTS_MISSING` when no CLIP model is in the file and no other is named;
 *   `WEIGHTS_MISMATCH` listing every missing, mismatched, differing, infinite and unused tensor; and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { openSegmenter } from '@vitamin-vlm/fcclip-segmentation';
 * const { config, origin } = await openSegmenter('fcclip_vitamin_l.pth', { tower: 'vitamin-large-336' });
 * console.log(origin, config.queries, config.canvas?.width);
 * ```
 */
export async function openSegmenter(address: string, options: OpenSegmenterOptions = {}): Promise<OpenedSegmenter> {
  const { tower: named, posEmbed, ...open } = options;
  const embedded = address === EMBEDDED_MODEL;
  const towerAddress = named ?? (embedded ? EMBEDDED_MODEL : undefined);
  const file = segmenterFile(address);
  const addresses = towerAddress === undefined ? file : { '': file, [CLIP]: towerAddress };
  await using weights = await openWeights(addresses, open);
  const config = inferFcclipConfig(weights.tensors);
  if (![...weights.tensors.keys()].some((name) => name.startsWith(`${CLIP}visual.`))) {
    throw new VitaminError('WEIGHTS_MISSING', `Expected an image tower below ${CLIP}visual in ${address} but found heads alone`, {
      hint: 'Name the CLIP model that the segmenter was built on as the tower: published files hold what was trained, and the frozen CLIP model comes from its own file.',
    });
  }
  const tower = await readModel(weights, { prefix: CLIP, posEmbed });
  const heads = await weights.part('');
  const declared = declaredHeads(config);
  heads.expect(declared);
  // Below the CLIP model's prefix lie its buffers, once its towers are taken.
  heads.allow([...heads.weights.keys()].filter((name) => BUFFERS.test(name) || name.startsWith(CLIP)));
  const identity = { ...tower.identity, heads: await heads.digest((name) => declared.has(name)) };
  checkTower(config, tower);
  weights.check();
  const settings = publishedSettings[tower.tower.family === 'convnext' ? 'convnext' : 'vitamin'];
  return {
    ...(await readSegmenterMetadata(weights.sources[0]!.checkpoint.metadata, settings)),
    address,
    files: weights.files,
    origin: originOf(weights, tower),
    tower,
    config,
    weights: heads.weights,
    identity,
  };
}

/** The address of the file that an address stands for. */
export function segmenterFile(address: string): string {
  return address === EMBEDDED_MODEL ? EMBEDDED_SEGMENTER : address;
}

/** Every tensor that lies on top of the CLIP model, with its shape: what the networks ask for, and what words need. */
export function declaredHeads(sizes: FcclipSizes): Map<string, readonly number[]> {
  const config: FcclipConfig = { canvas: ANY_CANVAS, ...sizes };
  const graph = new Graph('declared');
  const { root, declared } = new Parameters(graph);
  const { pixels, decoder } = maskNetwork(root, towerInputs(graph, config), config);
  const last = decoder.predictions.at(-1)!;
  classVectors(root.at('sem_seg_head').at('predictor'), last, pixels.maskFeatures, maskLogits(last, pixels.maskFeatures), config);
  return new Map([...declared, [SCALE, []], [NOTHING, [1, config.embedDim]]]);
}

/** `Decoders come from a.pth, the image tower from b.bin, the text tower from b.bin.` */
function originOf(weights: OpenWeights, { text, layout }: OpenedModel): string {
  const fileOf = (name: string): string => basename(weights.sourceOf(name).checkpoint.files[0]!);
  const image = [...layout.names].find(([name]) => name.startsWith('visual.'))![1];
  const words = [...layout.names].find(([name]) => name.startsWith('text.'))?.[1];
  const textTower = text && words !== undefined ? `the text tower from ${fileOf(words)}` : 'there is no text tower';
  return `The decoders come from ${fileOf(NOTHING)}, the image tower from ${fileOf(image)}, ${textTower}.`;
}

/** The channels that the decoders were made for must be the tower's. */
function checkTower({ channels, embedDim }: FcclipSizes, { tower, config }: OpenedModel): void {
  clipHeadOf(config); // throws for a tower that FC-CLIP was never built on
  const found = towerLevels({ channels }).map((name) => tower.levels.find((level) => level.name === name)?.channels);
  if (found.join() === channels.join() && tower.embedDim === embedDim) return;
  throw new VitaminError(
    'WEIGHTS_MISMATCH',
    `Expected a tower with maps of ${channels.join(', ')} channels and ${embedDim} dimensions but ${tower.id} has ${found.join(', ')} and ${tower.embedDim ?? 'no'}`,
    { hint: 'Name the CLIP model that the segmenter was built on.' },
  );
}
