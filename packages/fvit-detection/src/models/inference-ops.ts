import type { Params, Value } from '@vitamin-vlm/graph';

export function batchNorm(p: Params, x: Value, eps: number): Value {
  const c = x.shape[1] as number;
  const get = (name: string): Value => p.get(name, [c]);
  return x.graph.node({
    op: 'BatchNormalization',
    inputs: [x, get('weight'), get('bias'), get('running_mean'), get('running_var')],
    attributes: { epsilon: { float: eps } },
    dtype: x.dtype,
    shape: x.shape,
  });
}

export function maxPool(x: Value, { kernel, stride }: { kernel: number; stride: number }): Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const out = (s: number): number => Math.floor((s - kernel) / stride) + 1;
  return x.graph.node({
    op: 'MaxPool',
    inputs: [x],
    attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride] },
    dtype: x.dtype,
    shape: [n, c, out(h), out(w)],
  });
}

export function convTranspose2d(p: Params, x: Value, out: number, { kernel, stride }: { kernel: number; stride: number }): Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return x.graph.node({
    op: 'ConvTranspose',
    inputs: [x, p.get('weight', [c, out, kernel, kernel]), p.get('bias', [out])],
    attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride] },
    dtype: x.dtype,
    shape: [n, out, h * stride, w * stride],
  });
}
