import type { Tensor } from '@vitamin-vlm/core';
import { ensemblePrompts, type Label, normalizeRows } from '@vitamin-vlm/backbone';
import { seenLabels, type SegmentVocabulary } from '@vitamin-vlm/fcclip-segmentation';
import { formulaValues } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';

/** Sentences that FC-CLIP puts a name into. */
const TEMPLATES = 14;

/** The words of a golden file. */
export interface GoldenWords {
  readonly trained: readonly Label[];
  /** One row for each of their synonyms, of length 1. */
  readonly trainText: Tensor<'float32'>;
  readonly vocabulary: SegmentVocabulary;
}

/** Reads the classes, makes their vectors from names, and compares both. */
export function goldenWords(golden: Golden, seedSuffix: string): GoldenWords {
  const words = askedWords(golden, seedSuffix, 'classifier_text');
  const { trained, vocabulary } = words;
  const width = golden.at('config', 'embedDim').takeNumber();
  const trainText = normalizeRows(formulaValues(`traintext${seedSuffix}`, [rowsOf(trained), width], 4));
  golden.at('text', 'classifier_traintext').tensor(trainText);
  const sentences = formulaValues(`text14${seedSuffix}`, [TEMPLATES * rowsOf(vocabulary.labels), width], 4);
  golden.at('text', 'templateEnsemble_text14').tensor(ensemblePrompts(sentences, TEMPLATES));
  return { ...words, trainText };
}

/** The classes, and the vectors that masks are compared with; `field` is their name in the file. */
export function askedWords(golden: Golden, seedSuffix: string, field: string): Omit<GoldenWords, 'trainText'> {
  const config = golden.at('config');
  const classes = (name: string): Label[] =>
    (config.at(name).take() as string[]).map((text) => {
      const synonyms = text.replaceAll(', ', ',').split(',');
      return { name: synonyms[0]!, synonyms };
    });
  const [trained, labels] = [classes('trainClasses'), classes('testClasses')];
  const width = config.at('embedDim').takeNumber();
  const things = new Set(config.at('things').takeNumbers());
  const seen = seenLabels(labels, trained);
  config.at('seen').equal(seen.map(Number));
  config.at('numTemplates').equal(labels.map(({ synonyms }) => synonyms.length));

  const embeddings = normalizeRows(formulaValues(config.at('textTensor').takeText() + seedSuffix, [rowsOf(labels), width], 4));
  golden.at('text', field).tensor(embeddings);
  return {
    trained,
    vocabulary: { identity: { tower: '' }, labels, things: labels.map((_, i) => things.has(i)), seen, embeddings },
  };
}

function rowsOf(labels: readonly Label[]): number {
  return labels.reduce((sum, { synonyms }) => sum + synonyms.length, 0);
}
