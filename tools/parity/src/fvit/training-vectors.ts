import { tensor } from '@vitamin-vlm/core';
import { assignBoxes, classLoss, IGNORED, NEGATIVE } from '@vitamin-vlm/fvit-detection';
import { Graph, gradients } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { formulaValues } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';
import { runGraph } from './run-graph.ts';

/** Boxes assigned to true ones by overlap, with and without matches of low quality. */
export function assigning(golden: Golden, boxes: Float32Array): void {
  const truth = Float32Array.from(golden.at('gt').takeNumbers());
  const labels = golden.at('gtLabels').takeNumbers();
  for (const i of golden.at('cases').keys()) {
    const one = golden.at('cases', i);
    const [positive, negative, minPos] = ['pos', 'neg', 'minPos'].map((name) => one.at(name).takeNumber()) as [number, number, number];
    const { places, overlaps } = assignBoxes(boxes, truth, {
      positive,
      negative,
      ...(one.at('lowQuality').take() === true && { lowQuality: minPos }),
    });
    // The original counts true boxes from 1; 0 is background, -1 ignored.
    one.at('gtInds').equal([...places].map((place) => ({ [NEGATIVE]: 0, [IGNORED]: -1 })[place] ?? place + 1));
    one.at('labels').equal([...places].map((place) => (place >= 0 ? labels[place] : -1)));
    one.at('maxOverlaps').tensor({ shape: [overlaps.length], data: overlaps });
  }
}

/** The loss of classes with hidden classes and a weight for the background, and its gradient. */
export async function lossOfClasses(golden: Golden, session: SessionOptions): Promise<void> {
  const labels = golden.at('labels').takeNumbers();
  const weights = Float32Array.from(golden.at('classWeight').takeNumbers());
  const values = formulaValues('vec.loss.logits', [labels.length, weights.length], 4);
  const graph = new Graph('class-loss');
  const logits = graph.input('logits', 'float32', values.shape);
  const row = (data: Float32Array): ReturnType<Graph['constant']> => graph.constant(tensor('float32', [data.length], data));
  const loss = classLoss(logits, {
    classes: graph.constant(tensor('int64', [labels.length], BigInt64Array.from(labels, BigInt))),
    classWeights: row(weights),
    hidden: row(weights.map((weight) => (weight > 0 ? 0 : -Infinity))),
    share: graph.scalar(1 / labels.length),
  });
  const [gradient] = gradients(loss, [logits]);
  const found = await runGraph(graph, { loss, gradient: gradient! }, { logits: values }, session);
  golden.at('loss').numbers(found['loss']!.data);
  golden.at('grad').numbers(found['gradient']!.data);
}
