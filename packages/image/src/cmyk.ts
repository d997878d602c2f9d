/**
 * Inks to RGB as Pillow converts them, without a color profile: `(255 - ink) * (255 - black) / 255`, rounded. Source: src/libImaging/Convert.c (cmyk2rgb).
 *
 * @param samples - Cyan, magenta, yellow, black of each pixel, 255 is full ink; further channels are skipped.
 */
export function rgbOfCmyk(samples: Uint8Array, channels: number): Uint8Array {
  const pixels = samples.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0, from = 0; i < rgb.length; i += 3, from += channels) {
    const light = 255 - samples[from + 3]!;
    for (let ink = 0; ink < 3; ink++) {
      // Pillow's division by 255; like its cmyk2rgb the rounded share of ink is taken away from the light.
      const product = samples[from + ink]! * light + 128;
      rgb[i + ink] = Math.max(light - ((product + (product >> 8)) >> 8), 0);
    }
  }
  return rgb;
}
