import { reportCurves } from '../report/report-data.ts';
import { renderComparison } from '../report/compare-page.ts';
import type { CompareOutcome } from './compare.ts';
import { stem } from './files.ts';
import type { CommandLine } from './options.ts';
import { parameterFacts } from './parameter-facts.ts';
import { warningText } from './shown.ts';
import { counted } from './words.ts';

/** One page for all of them. */
export function comparisonPage({ names, evaluations, comparison, remark, warnings }: CompareOutcome, line: CommandLine): string {
  const { params, scheme } = evaluations[0]!;
  return renderComparison({
    title: line.values.title ?? names.join(' · '),
    facts: [
      stem(line.groundTruth),
      `${scheme.name === 'lvis' ? 'LVIS ' : ''}${params.iouType}`,
      counted(params.imgIds.length, 'image'),
      counted(params.catIds.length, 'category', 'categories'),
    ],
    names,
    comparison,
    curves: evaluations.map(({ curves }) => reportCurves(curves, params.iouThrs)),
    parameters: parameterFacts(evaluations[0]!, line, remark),
    warnings: warnings.map(warningText),
  });
}
