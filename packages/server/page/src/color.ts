/** Red, green, blue of the n-th label: hues by the golden angle, so that neighbors in the list differ. */
export function colorOf(index: number): readonly [number, number, number] {
  const hue = (index * 137.508 + 20) % 360;
  const [lightness, chroma] = [0.55, 0.38];
  const part = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

export function css([red, green, blue]: readonly [number, number, number]): string {
  return `rgb(${red} ${green} ${blue})`;
}
