import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '@vitamin-vlm/graph';
import type { FeatureLevel } from '../towers/image-tower.ts';

/** Levels of a tower whose tokens all have one stride. */
export function blockLevels(layers: number, stride: number, channels: number): FeatureLevel[] {
  const blocks = Array.from({ length: layers }, (_, i) => `blocks.${i}`);
  return ['preLast', 'final', 'valueOnly', ...blocks].map((name) => ({ name, stride, channels }));
}

/** The maps of these levels. `start` is what the first block reads. */
export function blockMaps(
  start: Value,
  outputs: readonly Value[],
  valueOnly: Value,
  asMap: (tokens: Value) => Value,
): Record<string, Value> {
  return {
    preLast: asMap(outputs.at(-2) ?? start),
    final: asMap(outputs.at(-1)!),
    valueOnly: asMap(valueOnly),
    ...Object.fromEntries(outputs.map((out, i) => [`blocks.${i}`, asMap(out)])),
  };
}

/** The letter of a Transformer's published size, as a word. */
export function sizeName(width: number, layers: number): string {
  const known: Readonly<Record<string, string>> = { '384x12': 'small', '768x12': 'base', '1024x24': 'large', '1280x32': 'huge' };
  return known[`${width}x${layers}`] ?? `${width}x${layers}`;
}

/** Only ViTamin's towers were ever run without their position embedding. @throws VitaminError `UNSUPPORTED`. */
export function refuseSkippedPositions(posEmbed: 'add' | 'skip' | undefined): void {
  if (posEmbed !== 'skip') return;
  throw new VitaminError('UNSUPPORTED', 'Expected a ViTamin to leave the position embedding of but found another tower', {
    hint: 'Leave out the option posEmbed.',
  });
}
