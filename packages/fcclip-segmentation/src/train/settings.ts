/** How a segmenter is trained. */
export interface TrainingRules {
  /** Weights of the three losses, and of the three costs of a match. */
  readonly weights: { readonly classes: number; readonly masks: number; readonly dice: number };
  /** Weight of "nothing" among the classes. */
  readonly nothing: number;
  /** Points at which a mask is compared with its target. */
  readonly points: number;
  /** Candidates per point. */
  readonly oversampling: number;
  /** Share of the points that lie where the mask is least sure; the rest lie anywhere. 0 to 1. */
  readonly uncertain: number;
}

/** The rules of Mask2Former, which FC-CLIP trains by (Cheng et al., CVPR 2022, arXiv:2112.01527). */
export const trainingRules: TrainingRules = {
  weights: { classes: 2, masks: 5, dice: 5 },
  nothing: 0.1,
  points: 12_544,
  oversampling: 3,
  uncertain: 0.75,
};

/** How many points of each kind a mask is given. */
export interface PointCounts {
  readonly candidates: number;
  readonly uncertain: number;
  readonly anywhere: number;
}

/** Numbers of points by the rules, rounded down as the original rounds them. */
export function pointCounts({ points, oversampling, uncertain }: TrainingRules): PointCounts {
  const chosen = Math.floor(uncertain * points);
  return { candidates: Math.floor(points * oversampling), uncertain: chosen, anywhere: points - chosen };
}
