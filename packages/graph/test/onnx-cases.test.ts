import { type DType, type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate } from './evaluate.ts';
/** Inputs and outputs of ONNX's own tests of its operators, whose version it names: those cases that an operator of ours can express. */
import golden from './onnx-cases.json' with { type: 'json' };

type Name = keyof typeof golden.cases;
interface Numbers {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
/** The numbers of an input, where ours takes them when the graph is built. */
type Given = (input: number) => readonly number[];
type Build = (values: readonly g.Value[], given: Given) => g.Value | readonly g.Value[];

const nms: Build = ([boxes, scores], given) =>
  g.nonMaxSuppression(boxes!, scores!, { most: given(2)[0]!, overlap: given(3)[0]!, least: given(4)[0]!, extent: 'M' });
const scatterElements =
  (axis: number, reduction: g.ScatterReduction = 'none'): Build =>
  ([x, ids, updates]) =>
    g.scatterElements(x!, ids!, updates!, { axis, reduction });
const einsum =
  (equation: string): Build =>
  (values) =>
    g.einsum(equation, ...values);
const unary =
  (op: (x: g.Value) => g.Value): Build =>
  ([x]) =>
    op(x!);
const layerNorm =
  (eps: number): Build =>
  ([x, scale, bias]) =>
    g.layerNormalization(x!, scale!, bias!, eps);
const groupNorm =
  (eps: number): Build =>
  ([x, scale, bias]) =>
    g.groupNormalization(x!, 2, scale!, bias!, eps);
const rmsNorm =
  (eps: number): Build =>
  ([x, scale]) =>
    g.rmsNormalization(x!, scale!, eps);
const batchNorm =
  (eps: number): Build =>
  ([x, scale, bias, mean, variance]) =>
    g.batchNormalization(x!, scale!, bias!, { mean: mean!, variance: variance! }, eps);
const conv =
  (options: g.ConvOptions): Build =>
  ([x, weight]) =>
    g.conv(x!, weight!, null, options);
const convTranspose =
  (options: g.ConvTransposeOptions): Build =>
  ([x, weight]) =>
    g.convTranspose(x!, weight!, null, options);
const gather =
  (axis: number): Build =>
  ([x, ids]) =>
    g.gather(x!, ids!, axis);
const gatherElements =
  (axis: number): Build =>
  ([x, ids]) =>
    g.gatherElements(x!, ids!, axis);
const sample: Build = ([x, grid]) => g.gridSample(x!, grid!);
const topK: Build = ([x], given) => {
  const { values, indices } = g.topK(x!, given(1)[0]!);
  return [values, indices];
};

const builds: Record<Name, Build> = {
  resize_upsample_scales_nearest: unary((x) => g.resize(x, [4, 6], 'nearest')),
  resize_upsample_scales_linear: unary((x) => g.resize(x, [4, 4], 'bilinear')),
  gridsample: sample,
  gridsample_zeros_padding: sample,
  gridsample_bilinear: sample,
  gridsample_bilinear_align_corners_0_additional_1: sample,
  roialign_aligned_true: ([x, boxes, images]) => g.roiAlign(x!, boxes!, images!, { size: [5, 5], scale: 1, sampling: 2 }),
  nonmaxsuppression_suppress_by_IOU: nms,
  nonmaxsuppression_suppress_by_IOU_and_scores: nms,
  nonmaxsuppression_flipped_coordinates: nms,
  nonmaxsuppression_limit_output_size: nms,
  nonmaxsuppression_single_box: nms,
  nonmaxsuppression_identical_boxes: nms,
  nonmaxsuppression_two_classes: nms,
  nonmaxsuppression_two_batches: nms,
  nonmaxsuppression_iou_threshold_boundary: nms,
  top_k: topK,
  top_k_negative_axis: topK,
  scatter_elements_with_axis: scatterElements(1),
  scatter_elements_without_axis: scatterElements(0),
  scatter_elements_with_duplicate_indices: scatterElements(1, 'add'),
  scatter_elements_with_negative_indices: scatterElements(1),
  scatternd: ([x, ids, updates]) => g.scatterND(x!, ids!, updates!),
  scatternd_add: ([x, ids, updates]) => g.scatterND(x!, ids!, updates!, 'add'),
  gather_0: gather(0),
  gather_1: gather(1),
  gather_2d_indices: gather(1),
  gather_negative_indices: gather(0),
  gather_elements_0: gatherElements(1),
  gather_elements_1: gatherElements(0),
  gather_elements_negative_indices: gatherElements(0),
  gathernd_example_float32: ([x, ids]) => g.gatherND(x!, ids!),
  einsum_batch_matmul: einsum('bij,bjk->bik'),
  einsum_sum: einsum('ij->i'),
  einsum_transpose: einsum('ij->ji'),
  einsum_inner_prod: einsum('i,i->'),
  layer_normalization_default_axis: layerNorm(1e-5),
  layer_normalization_2d_axis1: layerNorm(1e-5),
  layer_normalization_3d_axis2_epsilon: layerNorm(0.1),
  group_normalization_example: groupNorm(1e-5),
  group_normalization_epsilon: groupNorm(0.01),
  rms_normalization_default_axis: rmsNorm(1e-5),
  rms_normalization_3d_axis2_epsilon: rmsNorm(0.1),
  softmax_default_axis: unary(g.softmax),
  softmax_large_number: unary(g.softmax),
  logsoftmax_default_axis: unary(g.logSoftmax),
  logsoftmax_large_number: unary(g.logSoftmax),
  convtranspose: convTranspose({}),
  convtranspose_pad: convTranspose({ stride: [3, 2], outputPadding: 1 }),
  convtranspose_pads: convTranspose({ stride: [3, 2], padding: [1, 2] }),
  convtranspose_dilations: convTranspose({ dilation: 2 }),
  convtranspose_group_2: convTranspose({ groups: 2 }),
  convtranspose_group_2_image_3: convTranspose({ groups: 2 }),
  basic_conv_with_padding: conv({ padding: 1 }),
  basic_conv_without_padding: conv({}),
  conv_with_strides_padding: conv({ stride: 2, padding: 1 }),
  conv_with_strides_no_padding: conv({ stride: 2 }),
  maxpool_2d_precomputed_pads: unary((x) => g.maxPool(x, { kernel: 5, stride: 1, padding: 2 })),
  maxpool_2d_precomputed_strides: unary((x) => g.maxPool(x, { kernel: 2, stride: 2 })),
  averagepool_2d_precomputed_pads: unary((x) => g.averagePool(x, { kernel: 5, stride: 1, padding: 2 })),
  averagepool_2d_precomputed_strides: unary((x) => g.averagePool(x, { kernel: 2, stride: 2 })),
  gelu_default_1: unary(g.gelu),
  gelu_default_2: unary(g.gelu),
  batchnorm_example: batchNorm(1e-5),
  batchnorm_epsilon: batchNorm(0.01),
  batchnorm_example_training_mode: ([x, scale, bias, mean, variance]) =>
    g.batchNormalizationTraining(x!, scale!, bias!, { mean: mean!, variance: variance! }, { eps: 1e-5, momentum: 0.1 }).y,
  reduce_max_keepdims_example: unary((x) => g.reduceMax(x, [1])),
  argmax_keepdims_example: unary((x) => g.argMax(x, 1)),
  argmax_negative_axis_keepdims_random: unary((x) => g.argMax(x, -1)),
  split_variable_parts_2d_opset18: ([x], given) => g.split(x!, given(1), 1),
  split_equal_parts_2d: ([x]) => g.split(x!, [3, 3], 1),
};

/** Values that are kept with four digits there. */
const rounded: readonly Name[] = ['roialign_aligned_true'];

function tensorOf({ dtype, shape, data }: Numbers): Tensor {
  if (dtype === 'int64') return tensor('int64', shape, BigInt64Array.from(data, BigInt));
  return tensor(dtype as 'float32', shape, Float32Array.from(data));
}

it.each(Object.keys(golden.cases) as Name[])('%s', async (name) => {
  const { inputs, outputs } = golden.cases[name] as { readonly inputs: readonly Numbers[]; readonly outputs: readonly Numbers[] };
  const graph = new g.Graph('case');
  const values = inputs.map(({ dtype, shape }, i) => graph.input(`x${i}`, dtype as DType, shape));
  const built = [builds[name](values, (input) => inputs[input]!.data)].flat();
  built.forEach((value, i) => graph.output(`y${i}`, value));
  const used = new Set(graph.nodes.flatMap((node) => node.inputs.map((input) => input?.name)));
  for (const { name: unused } of values) if (!used.has(unused)) graph.inputs.delete(unused);
  const feeds = Object.fromEntries(inputs.map((input, i) => [`x${i}`, tensorOf(input)]).filter(([key]) => used.has(key as string)));
  const found = await evaluate(graph, feeds);
  const tolerance = rounded.includes(name) ? 5e-5 : 1e-5;
  for (let i = 0; i < built.length; i++) {
    const { shape, data } = found[`y${i}`]!;
    const expected = outputs[i]!;
    // Ours drops axes where ONNX's keeps them, or the other way: the numbers are the same.
    expect(shape.reduce((a, b) => a * b, 1)).toBe(expected.data.length);
    const far = Array.from(data as ArrayLike<number | bigint>, Number).filter((value, k) => {
      return !(Math.abs(value - expected.data[k]!) <= tolerance * (1 + Math.abs(expected.data[k]!)));
    });
    expect(far).toEqual([]);
  }
});
