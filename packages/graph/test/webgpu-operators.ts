import type { DType } from '@vitamin-vlm/core';

const operators: readonly (readonly [types: readonly DType[], names: string])[] = [
  [
    ['float32', 'float16'],
    'Abs Atan AveragePool BatchNormalization Ceil Conv ConvTranspose Cos DepthToSpace GridSample HardSwish Einsum Elu Erf Exp Floor GatherElements Gelu GlobalAveragePool HardSigmoid InstanceNormalization LayerNormalization LeakyRelu Log MatMul MaxPool Mish Neg Reciprocal Relu Sigmoid Sin Slice Softmax Softplus Sqrt Tan Tanh TopK',
  ],
  [
    ['float32', 'float16', 'int32'],
    'Add ArgMax Clip Concat CumSum Div Equal GatherND Gemm Greater GreaterOrEqual Identity Less LessOrEqual Max Min Mul Pad Pow ReduceL2 ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Resize ScatterElements ScatterND Split Sub Tile Transpose',
  ],
  [['bool'], 'And Not'],
  [['float32', 'float16', 'int32', 'bool'], 'Cast Expand Gather Reshape Unsqueeze Where'],
  [['float16'], 'LogSoftmax'],
  [['float32', 'int32'], 'Range'],
  [['float32', 'float16', 'int64', 'int32', 'bool'], 'Shape'],
];

/**
 * What onnxruntime-node 1.30.0 runs on WebGPU, each with the element types of its first input that is no condition. Seen by loading a model
 * of operator set 19 for each operator and type with `session.disable_cpu_ep_fallback`, on a software driver. Among others it lacks Round,
 * Sign, Mod, NonZero, GroupNormalization, and LogSoftmax in float32.
 */
export const webgpu: ReadonlyMap<string, readonly DType[]> = new Map(
  operators.flatMap(([types, names]) => names.split(' ').map((name) => [name, types] as const)),
);
