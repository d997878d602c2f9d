import { countQuestion, everyQuestion, kinds, type Question, type Scene } from '@vitamin-vlm/picture-world';
import { absentKinds, captionQuestions, captionShares } from './plan.ts';

/** A question about a picture and its answer. */
export interface Turn {
  readonly question: string;
  readonly answer: string;
  /** What the answer counts beside others. Default 1. */
  readonly weight?: number;
}

/** What can be said about a scene. */
export interface SceneTexts {
  readonly questions: readonly Turn[];
  /** The answers to `captionQuestions`: the first caption names everything, the second what is large. */
  readonly captions: readonly string[];
  /** Kinds that do not show. */
  readonly absent: readonly string[];
}

/** Everything that picture-world asks and tells about a scene. */
export function textsOf(scene: Scene): SceneTexts {
  const present = new Set(scene.things.map(({ category }) => category));
  return {
    questions: everyQuestion(scene).map(plain),
    captions: scene.captions.slice(0, captionQuestions.length),
    absent: kinds.map(({ name }) => name).filter((name) => !present.has(name)),
  };
}

/** Turns of one visit to a scene, in an order by chance: everything that can be asked, some kinds that do not show, the captions. */
export function drawTurns({ questions, captions, absent }: SceneTexts, random: () => number): Turn[] {
  const others = Array.from({ length: absentKinds }, () => absent[Math.floor(random() * absent.length)]!);
  return shuffle(
    [
      ...questions,
      ...[...new Set(others)].map((kind) => plain(countQuestion({ things: [] }, kind))),
      ...captions.map((answer, i) => ({ question: captionQuestions[i]!, answer })).filter((_, i) => random() < captionShares[i]!),
    ],
    random,
  );
}

function plain({ question, answer }: Question): Turn {
  return { question, answer };
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
