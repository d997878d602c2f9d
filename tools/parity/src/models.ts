import { publishedModels, type TextTowerConfig, textTowers, type ViTaminConfig, vitaminSizes } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';

/** Where the text tower's tensors stand in a published file: at the root, or below `text.`. */
export type TextNames = 'builtin' | 'custom';

/** A model that parity files can name. */
export interface ParityModel {
  readonly name: string;
  readonly image: ViTaminConfig;
  /** Side of the square input, in pixels. */
  readonly imageSize: number;
  readonly text: TextTowerConfig;
  readonly textNames: TextNames;
}

/** The published sizes whose configurations lack `custom_text`, by the width of their text tower; all others say `custom_text: true`. */
const builtinWidths = new Map([
  [textTowers.small.width, textTowers.small.embedDim],
  [textTowers.base.width, textTowers.base.embedDim],
  [textTowers.large2.width, textTowers.large2.embedDim],
]);

/** The names under which a text tower of these sizes was published. Sizes that were not published get the current form, `custom`. */
export function textNamesOf({ width, embedDim }: TextTowerConfig): TextNames {
  return builtinWidths.get(width) === embedDim ? 'builtin' : 'custom';
}

const nano: ParityModel = { name: 'nano', image: vitaminSizes.nano, imageSize: 64, text: textTowers.nano, textNames: 'custom' };

const models: ReadonlyMap<string, ParityModel> = new Map(
  [
    nano,
    ...publishedModels
      .filter(({ family }) => family === 'vitamin')
      .map(({ name, imageSize }): ParityModel => {
        const size = /^vitamin-(small|base|large2|large|xlarge)-/u.exec(name)?.[1] as Exclude<keyof typeof vitaminSizes, 'nano'>;
        // -ltt: the image tower was trained against the text tower of ViTamin-L, in its joint space.
        const text = name.endsWith('-ltt') ? textTowers.large : textTowers[size];
        const image = { ...vitaminSizes[size], embedDim: text.embedDim };
        return { name, image, imageSize, text, textNames: textNamesOf(text) };
      }),
  ].map((model) => [model.name, model]),
);

/**
 * A model by its name in timm, with hyphens or underscores. `nano` is the smallest ViTamin of this table, not the embedded model.
 *
 * @throws VitaminError `MODEL_UNKNOWN` that lists the names.
 */
export function parityModel(name: string): ParityModel {
  const found = models.get(name.toLowerCase().replaceAll('_', '-'));
  if (found) return found;
  throw new VitaminError('MODEL_UNKNOWN', `Expected the name of a published model but received "${name}"`, {
    hint: `Names: ${[...models.keys()].join(', ')}.`,
  });
}
