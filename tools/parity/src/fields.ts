import type { ParityModel } from './models.ts';

/** Maps that `Backbone.windowMaps` gives. */
export const mapNames: readonly string[] = ['stem', 'os4', 'os8', 'mid', 'preLast', 'final'];

/** Fields of a text tower: inside it, and its result before and after it is made one long. */
export function textFields(layers: number): string[] {
  return ['embedded', ...numbered('blocks', layers), 'features', 'normalized'];
}

/** Fields of an image tower, from the input to the result. */
export function imageFields({ image: { depths } }: ParityModel): string[] {
  const stages = [0, 1].flatMap((stage) => [`stages.${stage}`, ...numbered(`stages.${stage}`, depths[stage]!)]);
  const tokens = ['pool', 'embedded', ...numbered('blocks', depths[2]), 'tokens', 'pooled', 'fcNorm'];
  return ['input', 'conv1', ...stages, ...tokens, ...mapNames, 'embedding', 'normalized', 'dense'];
}

/** Fields of a sliding window. */
export const slidingFields: readonly string[] = [...mapNames, 'dense'];

/** Fields of both towers together. */
export const clipFields: readonly string[] = ['features', 'logits'];

/** Fields of a resized grid. */
export const positionsFields: readonly string[] = ['resized'];

function numbered(scope: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${scope}.${i}`);
}
