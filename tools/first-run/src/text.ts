import type { ScoredLabel } from '@vitamin-vlm/backbone';
import { type Reading, SPECK, SURE } from './read-picture.ts';

/** What the text says beside the reading. */
export interface Circumstances {
  readonly picturePath: string;
  readonly boxesPath: string;
  readonly regionsPath: string;
  /** Where these pictures lie and further results may go. */
  readonly folder: string;
  /** Name of the model. */
  readonly model: string;
  readonly words: { readonly kinds: readonly string[]; readonly surroundings: readonly string[] };
  readonly seconds: number;
}

/** Width of the longest bar, in characters. */
const BAR = 24;
/** Probabilities below this are not worth a line. */
const UNLIKELY = 0.005;

/** The reading for people, and what to try next. */
export function readingText({ what, where, things }: Reading, circumstances: Circumstances): string {
  const { picturePath, boxesPath, regionsPath, folder, model, words, seconds } = circumstances;
  const asked = words.kinds.length + words.surroundings.length;
  return `
${picturePath}, read by ${model} in ${seconds.toFixed(1)} s

What is in it (${words.kinds.length} kinds of things asked)
${bars(what.slice(0, 5).filter(({ score }) => score >= UNLIKELY))}

Each thing, by the detector (score at least ${SURE}; x, y, width, height in pixels)
${things.map(({ label, score, box }) => `  ${label.padEnd(12)} ${score.toFixed(2)}  ${box.map((side) => side.toFixed(0).padStart(4)).join('')}`).join('\n')}

Where, as shares of the picture (${asked} words asked, without any training for segmentation)
${bars(where)}
  and ${percentOf(1 - where.reduce((sum, { score }) => sum + score, 0))} in words that have less than ${percentOf(SPECK)} each

The picture with its boxes: ${boxesPath}, with its regions: ${regionsPath}

The model is small and knows only the drawn world that it was trained on. Any words can be asked of it:

  npx vitamin detect ${picturePath} --labels "sheep,truck,cat,boat,pizza" -o ${folder}
  npx vitamin classify ${picturePath} --labels "sheep,truck,cat,boat,pizza"
  npx vitamin segment ${picturePath} --labels "sky,trees,fence,grass,sheep|lamb,truck,cat" -o ${folder}

More pictures of that world, and one of them found by a sentence:

  node tools/picture-world/dist/main.js --count 40 --split val --seed 500 -o ${folder}/scenes
  npx vitamin retrieve ${folder}/scenes/images --query "a boat on the water"

The published models, for photographs:

  npx vitamin list
`.trimStart();
}

/** When the repository has no embedded model. */
export function absentModelText(picturePath: string): string {
  return `The embedded model is not in this checkout: models/nano holds no weights.

Train it (an hour or two on two cores):
  node tools/nano/dist/main.js --help

or read the bundled picture with a published model, which is downloaded once:
  npx vitamin classify ${picturePath} --labels "sheep,truck,cat" --model vitamin-small-224
`;
}

function bars(labels: readonly ScoredLabel[]): string {
  const width = Math.max(...labels.map(({ label }) => label.length));
  return labels
    .map(({ label, score }) => {
      const bar = '#'.repeat(Math.round(score * BAR));
      return `  ${label.padEnd(width)}  ${percentOf(score).padStart(6)}  ${bar}`.trimEnd();
    })
    .join('\n');
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
