import { type TextTowerConfig, vitaminSizes } from '@vitamin-vlm/backbone';
import type { Expectation } from './expectation.ts';
import { type ParityModel, type TextNames, textNamesOf } from './models.ts';
import { bytesOf, imageShapes, type Shapes, textShapes } from './shapes.ts';

/** Models up to this size are written whole. Of larger ones an image check gets the image tower alone: their text towers have 0.5 to 2 GB. */
const WHOLE_BYTES = 2 ** 30;

/** One checkpoint, and all that is asked of it. */
export interface Job {
  /** Name of the model; the published sizes of a file are found by it. */
  readonly name: string;
  /** Absent where no weights are needed. */
  readonly weights?: { readonly shapes: Shapes; readonly textNames: TextNames };
  readonly expectations: readonly Expectation[];
}

/** Groups expectations by the checkpoint they need, in the order of their first appearance. */
export function jobsOf(expectations: readonly Expectation[]): Job[] {
  const groups = new Map<string, Expectation[]>();
  for (const expectation of expectations) {
    const name = checkpointName(expectation);
    groups.set(name, [...(groups.get(name) ?? []), expectation]);
  }
  return [...groups].map(([name, group]) => ({ name, ...weightsFor(group), expectations: group }));
}

function checkpointName(expectation: Expectation): string {
  if (expectation.kind === 'positions') return 'positions';
  return expectation.kind === 'text' ? textName(expectation.config) : expectation.model.name;
}

function weightsFor([first, ...others]: readonly Expectation[]): Pick<Job, 'weights'> {
  if (!first || first.kind === 'positions') return {};
  if (first.kind === 'text') return { weights: { shapes: aroundText(first.config), textNames: textNamesOf(first.config) } };
  const whole = [first, ...others].some(({ kind }) => kind === 'clip');
  return { weights: { shapes: modelShapes(first.model, whole), textNames: first.model.textNames } };
}

function modelShapes({ image, imageSize, text }: ParityModel, whole: boolean): Shapes {
  const tower = imageShapes(image, imageSize);
  const both = new Map([...tower, ...textShapes(text)]);
  return whole || bytesOf(both) <= WHOLE_BYTES ? both : tower;
}

/** A text tower with the smallest image tower beside it: a CLIP checkpoint has both. */
function aroundText(config: TextTowerConfig): Shapes {
  return new Map([...imageShapes({ ...vitaminSizes.nano, embedDim: config.embedDim }, 64), ...textShapes(config)]);
}

function textName({ width, heads, layers, embedDim }: TextTowerConfig): string {
  return `text-width-${width}-heads-${heads}-layers-${layers}-dim-${embedDim}`;
}

/** What was run, as a reader of the results knows it. */
export function subjectOf(expectation: Expectation): string {
  if (expectation.kind === 'text') {
    const { width, heads, layers, embedDim } = expectation.config;
    return `text width ${width} heads ${heads} layers ${layers} dim ${embedDim}`;
  }
  if (expectation.kind === 'sliding') {
    const { model, height, width, window, stride } = expectation;
    return `sliding ${model.name} ${height}x${width} window ${window} stride ${stride}`;
  }
  if (expectation.kind === 'positions') {
    const { from, to, antialias } = expectation;
    return `positions ${from.join('x')} to ${to.join('x')}${antialias ? '' : ' plain'}`;
  }
  return `${expectation.kind} ${expectation.model.name}`;
}
