import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { declaredHeads, type FVitConfig, initializeHeads, isTrainable } from '../../src/index.ts';

const config: FVitConfig = { channels: [16, 32, 64, 64], width: 64, hidden: 128, embedDim: 64, classes: 10, rpnNorm: true, masks: true };

it('draws every tensor of the checkpoint as the original draws it', () => {
  const heads = initializeHeads(config, tensor('float32', [64, 11]), 1);
  expect([...heads.keys()]).toEqual([...declaredHeads(config).keys()]);
  const deviation = (path: string): number => {
    const { data } = heads.get(path)!;
    return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  };
  expect(deviation('rpn_head.rpn_conv.0.conv.weight')).toBeCloseTo(0.01, 3);
  expect(deviation('roi_head.bbox_head.fc_reg.weight')).toBeCloseTo(0.001, 3);
  expect(deviation('neck.fpn_convs.1.conv.weight')).toBeCloseTo(Math.sqrt(2 / (9 * 128)), 3); // Xavier
  expect(deviation('roi_head.bbox_head.shared_fcs.0.weight')).toBeCloseTo(Math.sqrt(2 / (128 + 64 * 49)), 3);
  expect(deviation('roi_head.bbox_head.shared_convs.2.conv.weight')).toBeCloseTo(Math.sqrt(2 / (64 * 9)), 2); // Kaiming, by fan-out
  expect(deviation('roi_head.mask_head.upsample.weight')).toBeCloseTo(Math.sqrt(2 / (64 * 4)), 2);
  expect(deviation('backbone.interpolate2.0.weight')).toBeCloseTo(1 / Math.sqrt(3 * 9 * 32), 3);
  expect(deviation('backbone.interpolate2.0.bias')).toBeGreaterThan(0);
  expect(heads.get('roi_head.bbox_head.detect_temperature')!.data[0]).toBe(50);
  expect(heads.get('neck.fpn_convs.0.bn.weight')!.data.every((value) => value === 1)).toBe(true);
  expect(heads.get('neck.fpn_convs.0.bn.running_mean')!.data.every((value) => value === 0)).toBe(true);
});

it('trains everything but the tower, the words and what is counted', () => {
  const trained = [...declaredHeads({ ...config, rpnNorm: false, masks: false }).keys()].filter(isTrainable);
  expect(trained).toHaveLength(65);
  expect([...declaredHeads(config).keys()].filter(isTrainable)).toHaveLength(83);
  expect(isTrainable('backbone.visual.trunk.pos_embed')).toBe(false);
});
