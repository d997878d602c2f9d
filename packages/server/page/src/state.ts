/** A word that is asked: names of one thing between `|`, and whether it can be counted. */
export interface Word {
  readonly text: string;
  readonly kind: 'auto' | 'thing' | 'stuff';
}

/** Boxes around things, or every pixel named. */
export type Mode = 'boxes' | 'segments';

/** What a link to this page keeps. */
export interface Settings {
  readonly words: readonly Word[];
  readonly mode: Mode;
  /** Lower scores are not shown, 0 to 1. */
  readonly score: number;
}

const START: Settings = {
  words: [
    ...['zebra', 'elephant', 'giraffe', 'bird'].map((text) => ({ text, kind: 'auto' }) as const),
    ...['sky', 'mountain', 'grass|dry grass', 'water'].map((text) => ({ text, kind: 'stuff' }) as const),
  ],
  mode: 'boxes',
  score: 0.4,
};

/** Settings of a link: `#words=cat|kitten,sky*&mode=segments&score=0.3`; `!` marks things, `*` stuff. */
export function readLink(hash: string): Settings {
  const found = new URLSearchParams(hash.replace(/^#/u, ''));
  const words = (found.get('words') ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text): Word => {
      if (text.endsWith('!')) return { text: text.slice(0, -1), kind: 'thing' };
      return text.endsWith('*') ? { text: text.slice(0, -1), kind: 'stuff' } : { text, kind: 'auto' };
    });
  const score = Number(found.get('score') ?? Number.NaN);
  return {
    words: words.length > 0 ? words : START.words,
    mode: found.get('mode') === 'segments' ? 'segments' : START.mode,
    score: score >= 0 && score <= 1 ? score : START.score,
  };
}

export function writeLink({ words, mode, score }: Settings): string {
  const marks = { auto: '', thing: '!', stuff: '*' };
  const text = words.map((word) => word.text + marks[word.kind]).join(',');
  return `#${new URLSearchParams({ words: text, mode, score: String(score) }).toString()}`;
}

/** What the server is asked: stuff has no boxes. */
export function askedWords(words: readonly Word[], mode: Mode): string[] {
  return words.flatMap(({ text, kind }) => (text.trim() === '' || (mode === 'boxes' && kind === 'stuff') ? [] : [text]));
}

/** The same as a command line. */
export function commandLine({ words, mode, score }: Settings): string {
  const labels = words.map(({ text }) => text.replaceAll('"', '')).join(',');
  const only = (kind: Word['kind']): string => words.flatMap((word) => (word.kind === kind ? [word.text.split('|', 1)[0]] : [])).join(',');
  const [things, stuff] = [only('thing'), only('stuff')];
  if (mode === 'boxes')
    return `vitamin detect picture.jpg --labels "${askedWords(words, mode).join(',').replaceAll('"', '')}" --score ${score} -o found`;
  return `vitamin segment picture.jpg --labels "${labels}"${things ? ` --things "${things}"` : ''}${stuff ? ` --stuff "${stuff}"` : ''} -o found`;
}

/** The same as a program. */
export function program({ words, mode, score }: Settings): string {
  const labels = JSON.stringify(askedWords(words, mode));
  if (mode === 'boxes') {
    return `import { Detector } from '@vitamin-vlm/fvit-detection';

await using detector = await Detector.load('nano');
const { detections } = await detector.detect('picture.jpg', ${labels}, { score: ${score} });
console.log(detections);`;
  }
  return `import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';

await using segmenter = await Segmenter.load('nano');
const { panoptic } = await segmenter.segment('picture.jpg', ${labels});
console.log(panoptic?.segments);`;
}
