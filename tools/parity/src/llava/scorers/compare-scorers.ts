import { chunksOf } from '@vitamin-vlm/llava-bridge';
import { VitaminError } from '@vitamin-vlm/core';
import type { GoldenChecker } from '../../golden/checker.ts';
import { compareMmBench, compareScience, compareSeed } from './choices.ts';
import { compareMmVet, compareWild } from './judged.ts';
import { ScorerFiles } from './scorer-files.ts';
import { compareGqa, compareMme, compareNormalizer, comparePope, compareTextVqa, compareVizwiz, compareVqav2 } from './short-answers.ts';

/** Scores, converted files, prompts and answer files of the 12 benchmarks. A benchmark whose folder is absent is left out. */
export const compareScorers: GoldenChecker = async (golden, { folder }) => {
  const files = new ScorerFiles(golden);
  const checks: readonly (readonly [folder: string, check: () => Promise<void> | void])[] = [
    ['evalai_normaliser.json', () => compareNormalizer(files)],
    ['vqav2/', () => compareVqav2(files)],
    ['vizwiz/', () => compareVizwiz(files)],
    ['gqa/', () => compareGqa(files)],
    ['textvqa/', () => compareTextVqa(files)],
    ['pope/', () => comparePope(files)],
    ['mme/', () => compareMme(files)],
    ['scienceqa/', () => compareScience(files)],
    ['mmbench/', () => compareMmBench(files, 'mmbench', folder)],
    ['mmbench_cn/', () => compareMmBench(files, 'mmbench_cn', folder)],
    ['seed/', () => compareSeed(files)],
    ['llavabench/', () => compareWild(files)],
    ['mmvet/', () => compareMmVet(files)],
    ['summary.json', () => compareSharding(files)],
  ];
  for (const [start, check] of checks) {
    if (!files.paths.some((path) => path.startsWith(start))) continue;
    try {
      await check();
    } catch (error) {
      // The other benchmarks are still compared.
      if (!(error instanceof VitaminError) || error.code === 'ABORTED') throw error;
      golden.fail(`${start} ${error.code}: ${error.message}`);
    }
  }
};

function compareSharding({ golden }: ScorerFiles): void {
  if (!golden.at('summary.json').has('sharding')) return;
  const sharding = golden.at('summary.json', 'sharding');
  for (const name of sharding.keys()) {
    const [length = 0, count = 1] = name.split('/').map(Number);
    sharding.at(name).equal(chunksOf(Array.from({ length }), count).map((chunk) => chunk.length));
  }
}
