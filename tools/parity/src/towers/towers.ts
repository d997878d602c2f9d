import type { GoldenChecker } from '../golden/checker.ts';
import { compareCase } from './case.ts';
import { compareNameMaps } from './name-maps.ts';
import { comparePositions, comparePreparation, compareRegistry } from './vectors.ts';

/** Image and text towers of every family, at tiny and at published sizes. */
export const towers: GoldenChecker = async (golden, context) => {
  const seedSuffix = golden.has('seedSuffix') ? golden.at('seedSuffix').takeText() : '';
  const cases = golden.keys().filter((name) => golden.at(name).has('config'));
  for (const name of cases) await compareCase(golden.at(name), name, context);
  const example = cases.find((name) => golden.at(name, 'config').has('quick_gelu') && golden.at(name).has('weights'));
  if (golden.has('nameMaps') && example !== undefined) await compareNameMaps(golden.at('nameMaps'), golden.at(example), context);
  if (golden.has('positionResize')) comparePositions(golden.at('positionResize'), seedSuffix);
  if (golden.has('preprocessing')) compareRegistry(golden.at('preprocessing'));
  // Figures of the text embeddings that CLIPSelf publishes: they need the published weights of the text tower.
  if (golden.has('publishedEvaTextEmbeddings')) golden.at('publishedEvaTextEmbeddings').take();
  if (golden.has('preprocessingVectors')) await comparePreparation(golden.at('preprocessingVectors'), seedSuffix);
};
