import { otherModels } from './other-models.data.ts';
import type { PublishedModel } from './published-model.ts';

const model = (name: string, repo: string, imageSize: number, millions: number, imageNet: number): PublishedModel => ({
  name,
  repo: `jienengchen/ViTamin-${repo}`,
  family: 'vitamin',
  imageSize,
  millions,
  imageNet,
  license: 'Apache-2.0',
  verified: 'layout only',
});

/**
 * The published models: ViTamin, smallest first, then towers of others. `-ltt`: an image tower trained against the locked text tower of ViTamin-L. `-s13b`: the shorter of
 * two training runs. Figures: table of the authors' README at commit 24f7475.
 *
 * @example
 * ```ts
 * import { publishedModels } from '@vitamin-vlm/backbone';
 * console.log(publishedModels.find(({ name }) => name === 'vitamin-large-336')?.repo); // jienengchen/ViTamin-L-336px
 * ```
 */
export const publishedModels: readonly PublishedModel[] = [
  model('vitamin-small-224', 'S', 224, 62.4, 62.2),
  model('vitamin-small-224-ltt', 'S-LTT', 224, 62.4, 63.4),
  model('vitamin-base-224', 'B', 224, 150.9, 68.9),
  model('vitamin-base-224-ltt', 'B-LTT', 224, 150.9, 70.8),
  model('vitamin-large-224', 'L-224px', 224, 457, 80.8),
  model('vitamin-large-256', 'L-256px', 256, 457.1, 81.2),
  model('vitamin-large-336', 'L-336px', 336, 457.3, 81.6),
  model('vitamin-large-384', 'L-384px', 384, 457.4, 81.8),
  model('vitamin-large2-224', 'L2-224px', 224, 687.6, 80.9),
  model('vitamin-large2-256', 'L2-256px', 256, 687.6, 81.5),
  model('vitamin-large2-336', 'L2-336px', 336, 687.8, 81.8),
  model('vitamin-large2-384', 'L2-384px', 384, 688, 82.1),
  model('vitamin-xlarge-256', 'XL-256px', 256, 924.8, 82.3),
  model('vitamin-xlarge-256-s13b', 'XL-256px-s13B', 256, 924.8, 82.1),
  model('vitamin-xlarge-336', 'XL-336px', 336, 924.8, 82.7),
  model('vitamin-xlarge-384', 'XL-384px', 384, 924.8, 82.9),
  ...otherModels,
];
