/** A model that was published with ViTamin, and where. */
export interface PublishedModel {
  /** timm's name with hyphens. */
  readonly name: string;
  /** Repository on the Hugging Face Hub. */
  readonly repo: string;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** License of the repository the models were released with. The model repositories state theirs themselves: look there before use. */
  readonly license: 'Apache-2.0';
  /** What this project has checked: names and shapes of the tensors. None of the published files was at hand. */
  readonly verified: 'layout only';
}

const model = (name: string, repo: string, imageSize: number): PublishedModel => ({
  name,
  repo: `jienengchen/ViTamin-${repo}`,
  imageSize,
  license: 'Apache-2.0',
  verified: 'layout only',
});

/**
 * The published models, smallest first. `-ltt`: an image tower trained against the locked text tower of ViTamin-L. `-s13b`: the shorter of
 * two training runs.
 *
 * @example
 * ```ts
 * import { publishedModels } from '@vitamin-vlm/backbone';
 * console.log(publishedModels.find(({ name }) => name === 'vitamin-large-336')?.repo); // jienengchen/ViTamin-L-336px
 * ```
 */
export const publishedModels: readonly PublishedModel[] = [
  model('vitamin-small-224', 'S', 224),
  model('vitamin-small-224-ltt', 'S-LTT', 224),
  model('vitamin-base-224', 'B', 224),
  model('vitamin-base-224-ltt', 'B-LTT', 224),
  model('vitamin-large-224', 'L-224px', 224),
  model('vitamin-large-256', 'L-256px', 256),
  model('vitamin-large-336', 'L-336px', 336),
  model('vitamin-large-384', 'L-384px', 384),
  model('vitamin-large2-224', 'L2-224px', 224),
  model('vitamin-large2-256', 'L2-256px', 256),
  model('vitamin-large2-336', 'L2-336px', 336),
  model('vitamin-large2-384', 'L2-384px', 384),
  model('vitamin-xlarge-256', 'XL-256px', 256),
  model('vitamin-xlarge-256-s13b', 'XL-256px-s13B', 256),
  model('vitamin-xlarge-336', 'XL-336px', 336),
  model('vitamin-xlarge-384', 'XL-384px', 384),
];
