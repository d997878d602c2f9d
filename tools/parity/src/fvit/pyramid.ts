import { tensor, type Tensor } from '@vitamin-vlm/core';
import {
  cellOf,
  decodeBoxes,
  type Extents,
  type FVitConfig,
  frozenNorm,
  levelAnchors,
  type ProposalOptions,
  type Proposals,
  propose,
  pyramidNetwork,
  pyramidStrides,
  towerInputs,
} from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, type Weights } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import { runGraph } from './run-graph.ts';

export type FloatTensor = Tensor<'float32'>;

/** Compares adapters, pyramid, region proposal network, anchors and proposals. `maps`: the tower's. Gives P2 to P5 and the proposals. */
export async function comparePyramid(
  golden: Golden,
  maps: Readonly<Record<string, FloatTensor>>,
  { weights, config }: { readonly weights: Weights; readonly config: FVitConfig },
  proposals: ProposalOptions,
  session: SessionOptions,
): Promise<{ pyramid: FloatTensor[]; proposals: Proposals }> {
  const [, , height = 0, width = 0] = maps['final']!.shape;
  const graph = new Graph('pyramid');
  const { root } = new Parameters(graph, { weights });
  const { adapted, pyramid, rpn } = pyramidNetwork(root, towerInputs(graph, config, { height, width }), config, frozenNorm);
  const named = {
    ...Object.fromEntries(adapted.map((value, i) => [`adapted${i}`, value])),
    ...Object.fromEntries(pyramid.map((value, i) => [`fpn${i}`, value])),
    ...Object.fromEntries(
      rpn.flatMap(({ logits, deltas }, i) => [
        [`rpnLogits${i}`, logits],
        [`rpnDeltas${i}`, deltas],
      ]),
    ),
  };
  const found = await runGraph(graph, named, maps, session);
  for (const name of Object.keys(named)) golden.at(name).tensor(found[name]!);
  const strides = pyramidStrides(cellOf(config));
  const outputs = rpn.map((_, i) => {
    const [, , rows = 0, columns = 0] = found[`rpnLogits${i}`]!.shape;
    const level = { stride: strides[i]!, height: rows, width: columns };
    const anchors = levelAnchors(level);
    golden.at(`anchors${i}`).tensor({ shape: [anchors.length / 4, 4], data: anchors });
    return { ...level, logits: found[`rpnLogits${i}`]!.data, deltas: found[`rpnDeltas${i}`]!.data };
  });
  const proposed = propose(outputs, proposals);
  compareProposals(golden, proposed);
  return { pyramid: [0, 1, 2, 3].map((i) => found[`fpn${i}`]!), proposals: proposed };
}

function compareProposals(golden: Golden, { boxes, scores }: Proposals): void {
  const count = scores.length;
  const rows = Array.from({ length: count }, (_, i) => [...boxes.subarray(4 * i, 4 * i + 4), scores[i]!]);
  golden.at('proposalCount').equal(count);
  golden.at('proposals20').numbers(rows.slice(0, 20).flat());
  golden.at('proposalColumnMeans').numbers([0, 1, 2, 3, 4].map((k) => mean(rows.map((row) => row[k]!))));
  golden.at('proposalScoreSum').numbers([rows.reduce((sum, row) => sum + row[4]!, 0)]);
  for (const name of golden.keys().filter((key) => /^minScoreGapFirst\d+$/u.test(key))) {
    compareScoreGap(golden.at(name), scores, Number(/\d+$/u.exec(name)![0]));
  }
}

/** The smallest difference of one of the first scores and the next one: exact to what the scores are exact to. */
export function compareScoreGap(golden: Golden, scores: Float32Array, first: number): void {
  const some = scores.subarray(0, first + 1);
  golden.numbers([some.subarray(1).reduce((least, score, i) => Math.min(least, some[i]! - score), Infinity)], mean([...some]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Decoded boxes in pixels of the picture. */
export function decodeToPicture(
  rois: Float32Array,
  deltas: Float32Array,
  clip: Extents,
  scale: { readonly x: number; readonly y: number },
): FloatTensor {
  const boxes = decodeBoxes(rois, deltas, [0.1, 0.1, 0.2, 0.2], clip);
  return tensor(
    'float32',
    [rois.length / 4, 4],
    boxes.map((side, i) => side / (i % 2 === 0 ? scale.x : scale.y)),
  );
}
