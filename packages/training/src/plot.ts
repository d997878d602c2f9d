import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { type LogEntry, readLog } from './log.ts';

/** How `plotLogs` draws. */
export interface PlotOptions {
  readonly title: string;
  /** What stands on the horizontal axis. Default: `step`. */
  readonly over?: 'step' | 'samples';
  /** One drawing each: a scalar of the steps, or a figure of the evaluations. Default: `loss` and `rate`. */
  readonly panels?: readonly string[];
}

const WIDTH = 900;
const HEIGHT = 420;

/**
 * Draws the logs of one or more trainings side by side, as one SVG. Scalars of the steps are means over 1/60 of the run: single batches
 * scatter too much to be read. The learning rate and figures of evaluations are drawn as they are. Needs the package `echarts` 6, which is large
 * and therefore left to whoever draws: `npm install echarts@6`.
 *
 * @param runs name -> log file
 * @throws VitaminError `UNSUPPORTED` without `echarts`; `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` for a log, `USAGE` for a panel of which no log has
 * a value.
 * @example
 * ```ts
 * import { plotLogs } from '@vitamin-vlm/training';
 * const runs = new Map([['scratch', 'runs/scratch/log.jsonl'], ['tuned', 'runs/tuned/log.jsonl']]);
 * await plotLogs(runs, 'tuning.svg', { title: 'Locked-text tuning', panels: ['loss', 'AP50'] });
 * ```
 */
export async function plotLogs(runs: ReadonlyMap<string, string>, output: string, options: PlotOptions): Promise<void> {
  const { title, over = 'step', panels = ['loss', 'rate'] } = options;
  const echarts = await loadCharts();
  const logs = new Map<string, readonly LogEntry[]>();
  for (const [name, file] of runs) logs.set(name, await readLog(file));
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const share = 100 / panels.length;
  const line = { type: 'line' as const, showSymbol: false, animation: false };
  const series = panels.flatMap((panel, i) => {
    const lines = [...logs].map(([name, entries]) => ({ name, data: pointsOf(entries, panel, over) }));
    if (lines.every(({ data }) => data.length === 0))
      throw new VitaminError('USAGE', `Expected "${panel}" in a log of ${[...runs.values()].join(', ')} but found it in none`);
    return lines.map(({ name, data }) => ({ ...line, name, data, xAxisIndex: i, yAxisIndex: i }));
  });
  chart.setOption({
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 16 } },
    legend: { top: 34, data: [...logs.keys()] },
    grid: panels.map((_, i) => ({ left: `${i * share + 6}%`, right: `${(panels.length - 1 - i) * share + 3}%`, top: 92, bottom: 50 })),
    xAxis: panels.map((_, gridIndex) => ({ type: 'value', gridIndex, name: over, nameLocation: 'middle', nameGap: 28, splitNumber: 3 })),
    yAxis: panels.map((panel, gridIndex) => ({
      type: 'value',
      gridIndex,
      name: panel === 'rate' ? 'learning rate' : panel,
      scale: panel !== 'rate',
    })),
    series,
  });
  await writeFileAtomic(output, chart.renderToSVGString());
  chart.dispose();
}

/** The parts of echarts that are used, loaded on the first drawing. */
async function loadCharts(): Promise<typeof import('echarts/core')> {
  try {
    const [charts, { LineChart }, { GridComponent, LegendComponent, TitleComponent }, { SVGRenderer }] = await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ]);
    charts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
    return charts;
  } catch (cause) {
    throw new VitaminError('UNSUPPORTED', `Expected the package echarts for a plot but found none: ${(cause as Error).message}`, {
      hint: 'npm install echarts@6 beside this package, with -g where it is installed so. Training itself needs it not.',
      cause,
    });
  }
}

type Point = [x: number, y: number];

function pointsOf(entries: readonly LogEntry[], panel: string, over: 'step' | 'samples'): Point[] {
  const points = entries.flatMap((entry): Point[] => {
    const x = entry[over];
    const values: Readonly<Record<string, unknown>> = 'evaluation' in entry ? entry.evaluation : { ...entry.values, ...entry };
    const y = values[panel];
    return x !== undefined && typeof y === 'number' ? [[x, y]] : [];
  });
  const ofEvaluation = entries.some((entry) => 'evaluation' in entry && panel in entry.evaluation);
  return panel === 'rate' || ofEvaluation ? points : smooth(points);
}

function smooth(points: readonly Point[]): Point[] {
  const width = Math.max(1, Math.floor(points.length / 60));
  const means: Point[] = [];
  for (let i = 0; i + width <= points.length; i += width) {
    const part = points.slice(i, i + width);
    means.push([part.at(-1)![0], part.reduce((sum, [, y]) => sum + y, 0) / width]);
  }
  return means;
}
