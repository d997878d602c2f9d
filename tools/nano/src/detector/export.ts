import { floatToHalf, type Tensor, tensor } from '@vitamin-vlm/core';
import { type DetectionSettings, saveDetector } from '@vitamin-vlm/fvit-detection';
import { baseKinds, kinds } from '@vitamin-vlm/picture-world';
import { read } from './plan.ts';

/** How the embedded detector is asked, chosen on scenes of stream `train` that no step has seen. */
export const settings: Partial<DetectionSettings> = { alpha: 0.2, beta: 0.5, vlmTemperature: 50, max: 100, score: 0.01, nms: 0.4 };

/** Writes adapters, pyramid and heads as mmcv does, matrices in half precision; the tower stays in the model that it came from. */
export async function exportDetector(
  path: string,
  parameters: ReadonlyMap<string, Tensor>,
  { steps, ...changed }: { readonly steps: number } & Partial<DetectionSettings>,
): Promise<void> {
  const tensors = [...parameters].flatMap(([name, value]): [string, Tensor][] => {
    const own: [string, Tensor] = [name, value.shape.length > 1 ? toHalf(value as Tensor<'float32'>) : value];
    if (!name.endsWith('.running_var')) return [own];
    return [own, [name.replace('running_var', 'num_batches_tracked'), tensor('int64', [], BigInt64Array.of(BigInt(steps)))]];
  });
  await saveDetector(path, tensors, {
    classes: kinds.map(({ name }) => name),
    base: baseKinds,
    settings: { ...read, ...settings, ...changed },
    more: { iter: steps },
  });
}

function toHalf({ shape, data }: Tensor<'float32'>): Tensor<'float16'> {
  return tensor('float16', shape, Uint16Array.from(data, floatToHalf));
}
