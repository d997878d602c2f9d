import {
  EMBEDDED_MODEL,
  type Identity,
  type OpenedModel,
  openWeights,
  type OpenWeightsOptions,
  readModel,
  type ReadModelOptions,
  type WeightPart,
} from '@vitamin-vlm/backbone';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { Graph, Parameters, type Weights } from '@vitamin-vlm/graph';
import { maskNetwork, pyramidNetwork, regionNetwork } from '../models/fvit.ts';
import { type FVitConfig, inferFVitConfig } from '../models/config.ts';
import { cellOf, detectorLevels } from '../models/tower-levels.ts';
import { frozenNorm } from '../models/norm.ts';
import { regionInputs, towerInputs } from '../detect/graphs.ts';
import { type DetectorMetadata, readDetectorMetadata } from './metadata.ts';

/** The detector that comes with the embedded model: heads alone, its tower is that model's. */
const EMBEDDED_DETECTOR = `${EMBEDDED_MODEL}/fvit.pth`;
/** Where the tower stands in a detector's file. */
const TOWER = 'backbone.';
const EMBEDDINGS = 'roi_head.bbox_head.all_embeddings';
const TEMPERATURE = 'roi_head.bbox_head.detect_temperature';
/** Left over from the detector that F-ViT was made from: in the file, but never used. */
const UNUSED = 'roi_head.bbox_head.fc_cls';

/** Which weights: the tower's parts, and the detector on top of it. */
export interface DetectorIdentity extends Identity {
  /** Adapters, pyramid and heads. */
  readonly heads: string;
}

/** A detector whose weights were found, recognized and checked. Nothing of it runs yet; most of it still lies on the disk. */
export interface OpenedDetector extends DetectorMetadata {
  readonly address: string;
  readonly files: readonly string[];
  /** The tower, and the text tower where it was opened too. */
  readonly tower: OpenedModel;
  readonly config: FVitConfig;
  /** Adapters, pyramid and heads, by the names of the checkpoint. */
  readonly weights: Weights;
  readonly identity: DetectorIdentity;
  /** [E, classes + 1], unit columns, the background last: the words that it was trained with. */
  readonly embeddings: Tensor<'float32'>;
  /** Learned factor on the cosines of the box head. */
  readonly detectTemperature: number;
}

/** How to open a detector. */
export interface OpenDetectorOptions extends OpenWeightsOptions {
  /** Address of the CLIP model that it was built on. */
  readonly tower?: string | undefined;
  /** What the towers multiply in, as in `openModel`; pyramid and heads stay in float32. Default `float32`. */
  readonly precision?: ReadModelOptions['precision'];
}

/**
 * Finds a detector, infers its sizes, and compares every tensor with what tower and heads expect. All bytes are read once for its identity, which is remembered.
 *
 * @param address - `nano` (embedded), a file or a folder, or `hf:org/name[@revision][/file]`.
 * @throws VitaminError `INPUT_NOT_FOUND`; `MODEL_UNKNOWN` for weights that are no F-ViT; `WEIGHTS_MISSING` when no image tower is in the file and no other is named;
 *   `WEIGHTS_MISMATCH` listing every missing, mismatched, differing, infinite and unused tensor; and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { openDetector } from '@vitamin-vlm/fvit-detection';
 * const { config, classes, family } = await openDetector('fvit_ovcoco.pth', { tower: 'vitamin-large-336' });
 * console.log(family, config.classes, config.masks, classes[0]);
 * ```
 */
export async function openDetector(address: string, options: OpenDetectorOptions = {}): Promise<OpenedDetector> {
  const { tower: named, precision, ...open } = options;
  const embedded = address === EMBEDDED_MODEL;
  const towerAddress = named ?? (embedded ? EMBEDDED_MODEL : undefined);
  const file = embedded ? EMBEDDED_DETECTOR : address;
  const addresses = towerAddress === undefined ? file : { '': file, [TOWER]: towerAddress };
  await using weights = await openWeights(addresses, open);
  const config = inferFVitConfig(weights.tensors);
  if (![...weights.tensors.keys()].some((name) => name.startsWith(`${TOWER}visual.`))) {
    throw new VitaminError('WEIGHTS_MISSING', `Expected an image tower below ${TOWER}visual in ${address} but found heads alone`, {
      hint: 'Name the CLIP model that the detector was built on as the tower.',
    });
  }
  // F-ViT reads the last block of CLIP's own ViT as it is.
  const tower = await readModel(weights, { prefix: TOWER, precision, hints: { denseLevel: 'final', positionResize: 'plain' } });
  // Tables that the tower computes itself.
  const buffers = new Set(tower.layout.ignored.filter((name) => name.startsWith(`${TOWER}visual.`)));
  const heads = await weights.part('');
  const declared = declaredHeads(config, heads);
  heads.expect(declared);
  // Counters of batch norms, and what a CLIP file holds beside its towers.
  heads.allow(
    [...heads.weights.keys()].filter(
      (name) => name.endsWith('.num_batches_tracked') || buffers.has(name) || weights.sourceOf(name) !== weights.sources[0],
    ),
  );
  const identity = { ...tower.identity, heads: await heads.digest((name) => declared.has(name)) };
  checkTower(config, tower);
  weights.check();
  const read = async (name: string): Promise<Tensor<'float32'>> => toFloat32(await weights.read(name));
  return {
    ...readDetectorMetadata(weights.sources[0]!.checkpoint.metadata, config),
    address,
    files: weights.files,
    tower,
    config,
    weights: heads.weights,
    identity,
    embeddings: await read(EMBEDDINGS),
    detectTemperature: (await read(TEMPERATURE)).data[0]!,
  };
}

/** Every tensor that the heads need, with its shape: what the networks ask for, and what lies beside them. */
export function declaredHeads(config: FVitConfig, part?: Pick<WeightPart, 'weights'>): Map<string, readonly number[]> {
  const graph = new Graph('declared');
  const parameters = new Parameters(graph);
  const size = { height: 4, width: 4 };
  pyramidNetwork(parameters.root, towerInputs(graph, config, size), config, frozenNorm);
  const { pyramid, regions } = regionInputs(graph, config, size);
  regionNetwork(parameters.root, pyramid, regions, config, frozenNorm);
  if (config.masks) maskNetwork(parameters.root, pyramid, regions, config, frozenNorm);
  const columns = config.classes + 1;
  const beside: [string, readonly number[]][] = [
    [EMBEDDINGS, [config.embedDim, columns]],
    [TEMPERATURE, []],
  ];
  // Absent from detectors that were written elsewhere without it.
  if (!part || part.weights.has(`${UNUSED}.weight`)) {
    beside.push([`${UNUSED}.weight`, [columns, config.hidden]], [`${UNUSED}.bias`, [columns]]);
  }
  return new Map([...parameters.declared, ...beside]);
}

/** The channels that the adapters were made for must be the tower's. */
function checkTower(config: FVitConfig, { tower }: OpenedModel): void {
  const { channels, embedDim } = config;
  const found = detectorLevels(tower).map((name) => tower.levels.find((level) => level.name === name)?.channels);
  if (found.join() === channels.join() && tower.embedDim === embedDim && tower.stride === cellOf(config)) return;
  throw new VitaminError(
    'WEIGHTS_MISMATCH',
    `Expected a tower with maps of ${channels.join(', ')} channels and ${embedDim} dimensions but ${tower.id} has ${found.join(', ')} and ${tower.embedDim ?? 'no'}`,
    { hint: 'Name the CLIP model that the detector was built on.' },
  );
}
