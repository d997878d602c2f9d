import { loadavg } from 'node:os';
import { runtimeInfo } from '@vitamin-vlm/runtime';
import { type Figure, verdict } from './figure.ts';

/** The machine, as far as it explains the figures. */
export async function describeMachine(): Promise<{ cpu: string; cores: number; node: string; onnxruntime: string; load: number }> {
  const { cpu, cores, node, onnxruntime } = await runtimeInfo();
  return { cpu, cores, node, onnxruntime, load: Math.round(loadavg()[0]! * 10) / 10 };
}

const heading = ['bench', 'what', 'ours', 'peer', 'ratio', 'target', 'verdict', ''];

/** Rows of equal width for a terminal, one per figure. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [heading, ...figures.map(cells)];
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function cells(figure: Figure): string[] {
  const { bench, what, unit, ours, peerName, peer, ratio, target, note } = figure;
  const bound = target ? `${target.bound} ${target.value}${target.on === 'ours' ? ` ${unit}` : ''}` : '-';
  return [
    bench,
    what,
    `${short(ours)} ${unit}`,
    `${short(peer)} ${unit} (${peerName})`,
    ratio.toFixed(2),
    bound,
    verdict(figure),
    note ?? '',
  ];
}

/** Three digits that count. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
