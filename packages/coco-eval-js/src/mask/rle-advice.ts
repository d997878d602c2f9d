/** What text in the place of a compressed RLE seems to be, and what to do about it. */
export function rleTextAdvice(text: string): string | undefined {
  if (/^b['"]/.test(text)) return 'It begins with b\', as Python bytes turned into text do: write counts.decode("ascii").';
  if (/^\s*\[?[\d\s,]+\]?\s*$/.test(text)) return 'Run lengths belong in a list of numbers, without quotes: "counts": [10, 5, 15].';
  return undefined;
}

/** Most characters of a string that advice is drawn from. */
const LOOKED_AT = 64;

/** The same from bytes of a string. */
export function rleBytesAdvice(bytes: Uint8Array, from: number, to: number): string | undefined {
  return rleTextAdvice(String.fromCharCode(...bytes.subarray(from, Math.min(to, from + LOOKED_AT))));
}

/** The characters that a compressed RLE is made of. */
const [FIRST_CODE, LAST_CODE] = [48, 111];
/** Fewer runs of such lengths may be a mask. */
const FEW_RUNS = 4;

/** Whether run lengths that end before their mask does are the character codes of a compressed RLE. */
export function areCharacterCodes(counts: Float64Array, from: number, to: number): boolean {
  if (to - from < FEW_RUNS) return false;
  for (let i = from; i < to; i++) if (counts[i]! < FIRST_CODE || counts[i]! > LAST_CODE) return false;
  return true;
}
