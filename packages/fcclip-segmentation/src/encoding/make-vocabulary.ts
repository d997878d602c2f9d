import { type Backbone, checkSameIdentity, type Label, parseLabels } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { OpenedSegmenter } from '../load/open-segmenter.ts';
import type { SegmentWords, VocabularyOptions } from '../segment/options.ts';
import { seenLabels } from '../vocabulary/seen.ts';
import { type ClassList, readClassList, vocabularyNames } from '../vocabulary/vocabularies.ts';
import type { SegmentVocabulary } from './vocabulary.ts';

/** Words as a classifier. See `Segmenter.vocabulary`. */
export async function makeVocabulary(
  words: SegmentWords | undefined,
  options: VocabularyOptions,
  model: OpenedSegmenter,
  backbone: Backbone,
): Promise<SegmentVocabulary> {
  if (typeof words === 'object' && 'embeddings' in words) {
    checkSameIdentity(model.identity, words.identity, 'the segmenter and the words');
    return words;
  }
  const { labels, things } = await classesOf(words, model);
  const { things: countable, stuff = [], seen, prompts = 'fcclip', cacheDir, batchSize, signal, onProgress } = options;
  if (!model.tower.text) {
    throw new VitaminError('UNSUPPORTED', `Expected the CLIP model of the segmenter for words but ${model.address} was loaded without`, {
      hint: 'Load it with the option tower, for example vitamin-large-336.',
    });
  }
  const { identity, embeddings } = await backbone.vocabulary(labels, { prompts, cacheDir, batchSize, signal, onProgress });
  const [asThings, asStuff] = [new Set(countable), new Set(stuff)];
  const unknown = [...asThings, ...asStuff, ...(seen ?? [])].find((name) => !labels.some((label) => label.synonyms.includes(name)));
  if (unknown !== undefined) {
    throw new VitaminError('USAGE', `Expected names of labels as things, stuff and seen but received "${unknown}", which is none of them`);
  }
  return {
    identity,
    labels,
    things: labels.map((label, i) => (countable ? named(asThings, label) : things[i]! && !named(asStuff, label))),
    seen: seen ? labels.map((label) => named(new Set(seen), label)) : seenLabels(labels, model.classes),
    embeddings,
  };
}

/** Labels, and which are things: what a list says, and of words in nobody's list all that do not name stuff of the training. */
async function classesOf(
  words: Exclude<SegmentWords, SegmentVocabulary> | undefined,
  { classes, things }: OpenedSegmenter,
): Promise<ClassList> {
  if (words === undefined) return { labels: classes, things };
  if (typeof words === 'string') {
    if ((vocabularyNames as readonly string[]).includes(words)) return await readClassList(words);
    throw new VitaminError('USAGE', `Expected a list among ${vocabularyNames.join(', ')} but received "${words}"`, {
      hint: 'Words of your own are given as a list.',
    });
  }
  const labels = typeof words[0] === 'string' ? parseLabels(words as readonly string[]) : [...(words as readonly Label[])];
  if (labels.length === 0) throw new VitaminError('USAGE', 'Expected at least one word but received none');
  const isStuff = seenLabels(
    labels,
    classes.filter((_, i) => !things[i]),
  );
  return { labels, things: isStuff.map((stuff) => !stuff) };
}

function named(set: ReadonlySet<string>, { synonyms }: Label): boolean {
  return synonyms.some((name) => set.has(name));
}
