import { ANCHORS_PER_CELL, type Level, levelAnchors } from '../boxes/anchors.ts';
import { decodeBoxes, type Extents, RPN_DEVIATIONS } from '../boxes/delta-coder.ts';
import { descendingOrder } from '../boxes/descending-order.ts';
import { nms } from '../boxes/nms.ts';
import { takeBoxes } from '../boxes/take-boxes.ts';

/** What the region proposal network says about one level of the pyramid. */
export interface RpnOutput extends Level {
  /** [3, height, width]: objectness of each anchor before the sigmoid. */
  readonly logits: Float32Array;
  /** [12, height, width]: dx, dy, dw, dh of the first anchor, then of the second and the third. */
  readonly deltas: Float32Array;
}

/** How proposals are chosen. */
export interface ProposalOptions {
  /** Best anchors of each level that go on. F-ViT: 2000. */
  readonly perLevel: number;
  /** Overlap above which the worse of two proposals of one level is dropped. F-ViT: 0.7. */
  readonly threshold: number;
  /** Proposals at most. F-ViT: 1000. */
  readonly max: number;
  /** Extents of the picture on the canvas, in pixels of the network's input: proposals end there, not at the end of the padding. */
  readonly clip: Extents;
}

/** Boxes that may hold an object of any class, best first. */
export interface Proposals {
  /** N boxes [x1, y1, x2, y2] in pixels of the network's input. */
  readonly boxes: Float32Array;
  /** N numbers from 0 to 1. */
  readonly scores: Float32Array;
}

/**
 * From the maps of the region proposal network to proposals (mmdetection's RPNHead): the best anchors of each level by score, decoded and clipped, those without
 * width or height dropped, then suppression within each level and the best of all levels. Equal scores: the earlier anchor first, finer levels first.
 *
 * @example
 * ```ts
 * import { propose, type RpnOutput } from '@vitamin-vlm/fvit-detection';
 * const firstHundred = (levels: RpnOutput[]): Float32Array =>
 *   propose(levels, { perLevel: 2000, threshold: 0.7, max: 100, clip: { width: 896, height: 672 } }).boxes;
 * ```
 */
export function propose(levels: readonly RpnOutput[], { perLevel, threshold, max, clip }: ProposalOptions): Proposals {
  const candidates = levels.map((level) => levelCandidates(level, perLevel, clip));
  const count = candidates.reduce((sum, { scores }) => sum + scores.length, 0);
  const boxes = new Float32Array(4 * count);
  const scores = new Float32Array(count);
  const groups = new Uint32Array(count);
  let at = 0;
  for (const [level, { boxes: decoded, scores: own }] of candidates.entries()) {
    for (let i = 0; i < own.length; i++) {
      if (!(decoded[4 * i + 2]! > decoded[4 * i]! && decoded[4 * i + 3]! > decoded[4 * i + 1]!)) continue;
      boxes.set(decoded.subarray(4 * i, 4 * i + 4), 4 * at);
      scores[at] = own[i]!;
      groups[at++] = level;
    }
  }
  const kept = nms(boxes.subarray(0, 4 * at), scores.subarray(0, at), { threshold, groups: groups.subarray(0, at), max });
  return { boxes: takeBoxes(boxes, kept), scores: Float32Array.from(kept, (index) => scores[index]!) };
}

/** The best anchors of a level, decoded. Where all go on they keep the order of the anchors. */
function levelCandidates({ logits, deltas, ...level }: RpnOutput, perLevel: number, clip: Extents): Proposals {
  const cells = level.height * level.width;
  // The maps hold one plane per anchor, anchors are counted cell by cell.
  const planes = Float32Array.from({ length: logits.length }, (_, i) => {
    return 1 / (1 + Math.exp(-logits[(i % ANCHORS_PER_CELL) * cells + Math.floor(i / ANCHORS_PER_CELL)]!));
  });
  const chosen = planes.length > perLevel ? descendingOrder(planes).subarray(0, perLevel) : Uint32Array.from(planes, (_, i) => i);
  const moves = new Float32Array(4 * chosen.length);
  for (const [i, index] of chosen.entries()) {
    const [anchor, cell] = [index % ANCHORS_PER_CELL, Math.floor(index / ANCHORS_PER_CELL)];
    for (let k = 0; k < 4; k++) moves[4 * i + k] = deltas[(4 * anchor + k) * cells + cell]!;
  }
  const anchors = takeBoxes(levelAnchors(level), chosen);
  return {
    boxes: decodeBoxes(anchors, moves, RPN_DEVIATIONS, clip),
    scores: Float32Array.from(chosen, (index) => planes[index]!),
  };
}
