import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Chosen } from './chosen.ts';
import { colorOf, css } from './color.ts';
import type { Finding, Found } from './findings.ts';

interface StageProps {
  readonly chosen: Chosen | undefined;
  readonly found: Found | undefined;
  readonly shown: readonly Finding[];
  readonly hovered: number | undefined;
  readonly onHover: (id: number | undefined) => void;
}

/** The picture, with what was found drawn over it. */
export function Stage({ chosen, found, shown, hovered, onHover }: StageProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    element.width = found?.width ?? 1;
    element.height = found?.height ?? 1;
    if (found) draw(element.getContext('2d')!, found, shown, hovered);
  }, [found, shown, hovered]);
  if (!chosen) return <div class="stage empty">No picture yet: drop one here, paste one, or pick a scene below.</div>;
  const at = (event: PointerEvent): number | undefined => {
    if (!found) return undefined;
    const area = canvas.current!.getBoundingClientRect();
    const x = Math.floor(((event.clientX - area.left) / area.width) * found.width);
    const y = Math.floor(((event.clientY - area.top) / area.height) * found.height);
    return findingAt(found, shown, x, y)?.id;
  };
  const names = [...new Set(shown.map((one) => one.label))];
  const text = names.length > 0 ? `${chosen.name} with ${names.join(', ')}` : chosen.name;
  return (
    <div class="stage">
      <img src={chosen.url} alt="" />
      <canvas
        ref={canvas}
        role="img"
        aria-label={text}
        onPointerMove={(event) => onHover(at(event))}
        onPointerLeave={() => onHover(undefined)}
      />
    </div>
  );
}

/** The segment of a pixel, or the smallest box around it. */
function findingAt({ map, width }: Found, shown: readonly Finding[], x: number, y: number): Finding | undefined {
  if (map) return shown.find(({ id }) => id === map[y * width + x]);
  const around = shown.filter(({ box: [left, top, w, h] }) => x >= left && y >= top && x < left + w && y < top + h);
  return around.toSorted((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3])[0];
}

function draw(context: CanvasRenderingContext2D, found: Found, shown: readonly Finding[], hovered: number | undefined): void {
  const { width, height, map } = found;
  if (map) fillSegments(context, map, found, shown, hovered);
  const size = Math.max(11, Math.round(Math.max(width, height) / 32));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'top';
  const taken: (readonly [number, number, number, number])[] = [];
  for (const finding of shown) {
    const [x, y, w, h] = finding.box;
    const color = css(colorOf(finding.word));
    const strong = finding.id === hovered;
    if (!map) {
      context.globalAlpha = hovered === undefined || strong ? 1 : 0.35;
      context.lineWidth = (strong ? 2 : 1) * Math.max(1.5, size / 9);
      context.strokeStyle = color;
      context.strokeRect(x, y, w, h);
    } else if (finding.share !== undefined && finding.share < 0.004 && !strong) continue;
    drawName(context, finding, color, size, taken, found);
  }
  context.globalAlpha = 1;
}

/** A name on a plate: moved down until it lies upon no other, left out where there is no room. */
function drawName(
  context: CanvasRenderingContext2D,
  { label: name, box: [x, y], middle }: Finding,
  color: string,
  size: number,
  taken: (readonly [number, number, number, number])[],
  { width, height }: Found,
): void {
  const [textWidth, textHeight] = [context.measureText(name).width + size * 0.6, size * 1.35];
  const left = Math.max(0, Math.min(width - textWidth, middle ? middle[0] - textWidth / 2 : x));
  let top = Math.max(0, middle ? middle[1] - textHeight / 2 : y - textHeight);
  const hits = (): boolean => taken.some(([l, t, r, b]) => left < r && left + textWidth > l && top < b && top + textHeight > t);
  while (hits() && top + textHeight < height) top += textHeight / 2;
  if (hits()) return;
  taken.push([left, top, left + textWidth, top + textHeight]);
  context.fillStyle = color;
  context.fillRect(left, top, textWidth, textHeight);
  context.fillStyle = 'white';
  context.fillText(name, left + size * 0.3, top + size * 0.17);
}

function fillSegments(
  context: CanvasRenderingContext2D,
  map: Uint32Array,
  { width, height }: Found,
  shown: readonly Finding[],
  hovered: number | undefined,
): void {
  const image = context.createImageData(width, height);
  const colors = new Map(shown.map(({ id, word }) => [id, colorOf(word)]));
  for (let i = 0; i < map.length; i++) {
    const color = colors.get(map[i]!);
    if (!color) continue;
    const edge = map[i + 1] !== map[i] || map[i + width] !== map[i];
    image.data.set(color, 4 * i);
    image.data[4 * i + 3] = edge ? 230 : map[i] === hovered ? 190 : hovered === undefined ? 130 : 70;
  }
  context.putImageData(image, 0, 0);
}
