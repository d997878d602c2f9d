import { readFile } from 'node:fs/promises';
import * as echarts from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import type { LogEntry } from './train.ts';

echarts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Draws the loss and the learning rate of one or more runs over the samples seen, as one SVG. `runs`: name -> log file. */
export async function plotRuns(runs: ReadonlyMap<string, string>, output: string): Promise<void> {
  const logs = new Map<string, LogEntry[]>();
  for (const [name, file] of runs) logs.set(name, await readLog(file));
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 420 });
  const names = [...logs.keys()];
  const line = { type: 'line' as const, showSymbol: false, animation: false };
  chart.setOption({
    backgroundColor: '#ffffff',
    title: { text: 'Contrastive training on picture-world', left: 'center', textStyle: { fontSize: 16 } },
    legend: { top: 34, data: names },
    grid: [
      { left: 60, right: '42%', top: 92, bottom: 50 },
      { left: '66%', right: 30, top: 92, bottom: 50 },
    ],
    xAxis: [0, 1].map((gridIndex) => ({ type: 'value', gridIndex, name: 'samples', nameLocation: 'middle', nameGap: 28, splitNumber: 3 })),
    yAxis: ['loss', 'learning rate'].map((name, gridIndex) => ({ type: 'value', gridIndex, name })),
    series: [...logs].flatMap(([name, entries]) => [
      { ...line, name, data: smooth(entries), xAxisIndex: 0, yAxisIndex: 0 },
      { ...line, name, data: entries.map(({ samples, rate }) => [samples, rate]), xAxisIndex: 1, yAxisIndex: 1 },
    ]),
  });
  await writeFileAtomic(output, chart.renderToSVGString());
  chart.dispose();
}

async function readLog(file: string): Promise<LogEntry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a training log at ${file} but could not read it`, { cause });
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry);
}

/** Mean loss over windows of 1/60 of the run: single batches scatter too much to be read. */
function smooth(entries: readonly LogEntry[]): [samples: number, loss: number][] {
  const width = Math.max(1, Math.floor(entries.length / 60));
  const points: [number, number][] = [];
  for (let i = 0; i + width <= entries.length; i += width) {
    const part = entries.slice(i, i + width);
    points.push([part.at(-1)!.samples, part.reduce((sum, { loss }) => sum + loss, 0) / width]);
  }
  return points;
}
