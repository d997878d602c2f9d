import type { ScoredLabel } from '@vitamin-vlm/backbone';
import type { Asked } from './ask-picture.ts';
import { type Reading, type ReadingWords, SURE } from './read-picture.ts';

/** What the text says beside the reading. */
export interface Circumstances {
  readonly picturePath: string;
  readonly boxesPath: string;
  readonly regionsPath: string;
  /** Where these pictures lie and further results may go. */
  readonly folder: string;
  /** Name of the model. */
  readonly model: string;
  readonly words: ReadingWords;
  readonly seconds: number;
}

/** Width of the longest bar, in characters. */
const BAR = 24;
/** Probabilities below this are not worth a line. */
const UNLIKELY = 0.005;

/** The reading for people, and what to try next. */
export function readingText({ what, segments, things, again, size }: Reading, asked: Asked, circumstances: Circumstances): string {
  const { picturePath, boxesPath, regionsPath, folder, model, words, seconds } = circumstances;
  const pixels = size.width * size.height;
  const wordCount = words.kinds.length + words.surroundings.length;
  return `
${picturePath}, read by ${model} in ${seconds.toFixed(1)} s

What is in it (${words.kinds.length} kinds of things asked)
${bars(what.slice(0, 5).filter(({ score }) => score >= UNLIKELY))}

Each thing, by the detector (score at least ${SURE}; x, y, width, height in pixels)
${things.map(({ label, score, box }) => `  ${label.padEnd(12)} ${score.toFixed(2)}  ${box.map((side) => side.toFixed(0).padStart(4)).join('')}`).join('\n')}

Every pixel, by the segmenter (${wordCount} words asked; share of the picture, score)
${segmentLines(segments, pixels)}

Other words, asked of what is known of the picture already: ${again.milliseconds.toFixed(0)} ms for ${words.again.map(({ name }) => name).join(', ')}
${segmentLines(again.segments, pixels)}

A question, answered by the talker in ${asked.milliseconds.toFixed(0)} ms
  ${asked.question}  ${asked.answer}

The picture with its boxes: ${boxesPath}, with every pixel named: ${regionsPath}

The model is small and knows only the drawn world that it was trained on. Any words can be asked of it:

  npx vitamin detect ${picturePath} --labels "sheep,truck,cat,boat,pizza" -o ${folder}
  npx vitamin classify ${picturePath} --labels "sheep,truck,cat,boat,pizza"
  npx vitamin ask ${picturePath} "How many trucks are there?"
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

/** A line for each segment, and one for what belongs to none. */
function segmentLines(segments: Reading['segments'], pixels: number): string {
  const lines = segments.map(({ label, isThing, area, score }) => {
    return `  ${label.padEnd(12)} ${isThing ? 'thing' : 'stuff'} ${percentOf(area / pixels).padStart(7)}  ${score.toFixed(2)}`;
  });
  const none = 1 - segments.reduce((sum, { area }) => sum + area, 0) / pixels;
  return [...lines, `  ${'(none)'.padEnd(12)} ${' '.repeat(5)} ${percentOf(none).padStart(7)}`].join('\n');
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
