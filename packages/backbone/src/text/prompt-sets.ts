/** A way to put a class name into sentences. */
export interface PromptSet {
  /**
   * Sentences with `{}` where the class name goes, and `{article}` where "a" or "an" goes: "an" before a name that begins with a small
   * vowel letter.
   */
  readonly templates: readonly string[];
  /** How the name is written inside the sentences. Default: as it is. */
  readonly formatName?: (name: string) => string;
}

/** `before` + each determiner + `after`. */
function each(determiners: string, before: string, after: string): string[] {
  return determiners.split(' ').map((determiner) => `${before}${determiner}${after}`);
}

/** "a bad photo of the {}." and its like: what the picture is, for both articles. */
const depictions = [
  'bad photo',
  'black and white photo',
  'blurry photo',
  'bright photo',
  'close-up photo',
  'cropped photo',
  'dark photo',
  'doodle',
  'drawing',
  'good photo',
  'jpeg corrupted photo',
  'low resolution photo',
  'painting',
  'pixelated photo',
  'rendering',
  'rendition',
  'sculpture',
  'sketch',
  'tattoo',
];
const qualities = ['clean', 'cool', 'dirty', 'hard to see', 'large', 'nice', 'small', 'weird'];
const materials = ['cartoon', 'embroidered', 'origami', 'plastic', 'plushie', 'toy'];

/** OpenAI's 80 ImageNet prompts, built from their patterns. The order does not matter: embeddings are averaged. */
const imagenet80: readonly string[] = [
  ...depictions.flatMap((depiction) => each('a the', `a ${depiction} of `, ' {}.')),
  ...qualities.flatMap((quality) => each('a the', 'a photo of ', ` ${quality} {}.`)),
  ...each('many my the one a', 'a photo of ', ' {}.'),
  ...materials.flatMap((material) => each('a the', '', ` ${material} {}.`)),
  ...each('a the', '', ' {} in a video game.'),
  ...each('a the', 'art of ', ' {}.'),
  ...each('a the', 'graffiti of ', ' {}.'),
  ...each('a the my', 'itap of ', ' {}.'),
];

/** The seven of the 80 that OpenAI found to do nearly as well. */
const imagenet7: readonly string[] = [
  'itap of a {}.',
  'a bad photo of the {}.',
  'a origami {}.',
  'a photo of the large {}.',
  'a {} in a video game.',
  'art of the {}.',
  'a photo of the small {}.',
];

const sizes = 'small medium large';
/** The 14 ViLD prompts of FC-CLIP. The article is always "a"; four of them have no full stop. */
const fcclip: readonly string[] = [
  'a photo of a {}.',
  'This is a photo of a {}',
  'There is a {} in the scene',
  'There is the {} in the scene',
  'a photo of a {} in the scene',
  ...each(sizes, 'a photo of a ', ' {}.'),
  ...each(sizes, 'This is a photo of a ', ' {}.'),
  ...each(sizes, 'There is a ', ' {} in the scene.'),
];

/** Sentences of ViLD that begin with an article, which get "This is " before them. */
const vildArticles: readonly string[] = [
  ...each('{article} the one', 'a photo of ', ' {} in the scene.'),
  ...each('{article} my the one many', 'a photo of ', ' {}.'),
  ...['good', 'bad'].flatMap((quality) => each('{article} the', `a ${quality} photo of `, ' {}.')),
  ...['nice', 'cool', 'weird', 'small', 'large', 'clean', 'dirty'].flatMap((quality) => each('a the', 'a photo of ', ` ${quality} {}.`)),
  ...['bright', 'dark'].flatMap((quality) => each('{article} the', `a ${quality} photo of `, ' {}.')),
  ...each('a the', 'a photo of ', ' hard to see {}.'),
  ...['low resolution', 'cropped', 'close-up', 'jpeg corrupted', 'blurry', 'pixelated', 'black and white'].flatMap((quality) =>
    each('{article} the', `a ${quality} photo of `, ' {}.'),
  ),
  ...['plastic', 'toy', 'plushie', 'cartoon'].flatMap((material) => each('a the', '', ` ${material} {}.`)),
  ...each('an the', '', ' embroidered {}.'),
  ...each('the a', 'a painting of ', ' {}.'),
];

/** The 63 ViLD prompts (tensorflow/tpu, projects/vild) of F-ViT, which writes `tree_house` as "tree house" and `a/b` as "a or b". */
const fvit: PromptSet = {
  templates: [
    ...each('{article} the', 'There is ', ' {} in the scene.'),
    ...each('{article} my the', 'itap of ', ' {}.'),
    ...vildArticles.map((sentence) => `This is ${sentence}`),
  ],
  formatName: (name) => name.replaceAll('_', ' ').replaceAll('/', ' or ').toLowerCase().replace(/\.+$/u, ''),
};

/** Names of the built-in prompt sets: 1, 7, 80, 14 and 63 sentences. */
export type PromptSetName = 'simple' | 'imagenet7' | 'imagenet80' | 'fcclip' | 'fvit';

/**
 * The prompt sets that published figures were made with.
 *
 * @example
 * ```ts
 * import { promptSets } from '@vitamin-vlm/backbone';
 * console.log(promptSets.imagenet80.templates.length); // 80
 * ```
 */
export const promptSets: Readonly<Record<PromptSetName, PromptSet>> = {
  simple: { templates: ['a photo of a {}.'] },
  imagenet7: { templates: imagenet7 },
  imagenet80: { templates: imagenet80 },
  fcclip: { templates: fcclip },
  fvit,
};
