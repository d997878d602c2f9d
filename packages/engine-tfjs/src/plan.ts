import { type DType, VitaminError } from '@vitamin-vlm/core';
import { Attributes } from './attributes.ts';
import type { Model, ModelNode } from './onnx/read-model.ts';
import { operators } from './operators/index.ts';
import type { Run, Tf } from './operators/operator.ts';

/** A node, ready to run. */
export interface Step {
  readonly node: ModelNode;
  readonly run: Run;
  /** Values that nothing needs after it. */
  readonly last: readonly string[];
}

/** The operator sets whose meanings the table has. */
const OPSETS = { least: 18, most: 20 } as const;

/** TensorFlow.js computes in float32, and in whole numbers of 32 bits. */
const lacking: readonly DType[] = ['float16', 'bfloat16', 'float64'];

/**
 * Finds an operator of the table for every node. All that is missing is told at once.
 *
 * @throws VitaminError `UNSUPPORTED` with the operators, attributes and element types that TensorFlow.js cannot do here.
 */
export function planModel(tf: Tf, model: Model): Step[] {
  const missing = new Map<string, number>();
  const miss = (what: string): unknown => missing.set(what, (missing.get(what) ?? 0) + 1);
  if (model.opset < OPSETS.least || model.opset > OPSETS.most)
    miss(`operator set ${model.opset}, where ${OPSETS.least} to ${OPSETS.most} are known`);
  for (const { dtype } of [...model.inputs, ...model.outputs]) if (lacking.includes(dtype)) miss(`inputs and outputs of ${dtype}`);
  // Halves are read as float32, which holds each of them; a Cast that follows has nothing left to do.
  for (const { dtype } of model.weights.values()) if (dtype === 'float64') miss('weights of float64');
  const steps = model.nodes.map((node) => {
    const attributes = new Attributes(node);
    const run = operators.get(node.op)?.(tf, attributes);
    if (!run) miss(node.op);
    else for (const part of attributes.unsupported) miss(`${node.op} with ${part}`);
    return { node, run: run! };
  });
  if (missing.size > 0) {
    const list = [...missing].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`)).join(', ');
    throw new VitaminError('UNSUPPORTED', `Expected what TensorFlow.js can compute here but found ${list}`, {
      hint: 'Use the provider cpu (ONNX Runtime). An operator of your own is a row in the table of packages/engine-tfjs.',
    });
  }
  return withLastUses(steps, model);
}

/** Notes for every step which values are used there for the last time. Weights and outputs stay. */
function withLastUses(steps: readonly Omit<Step, 'last'>[], { weights, outputs }: Model): Step[] {
  const known = new Set([...weights.keys(), ...outputs.map(({ name }) => name), '']);
  return steps
    .toReversed()
    .map((step) => {
      const last = [...new Set([...step.node.inputs, ...step.node.outputs])].filter((name) => !known.has(name));
      for (const name of last) known.add(name);
      return { ...step, last };
    })
    .toReversed();
}
