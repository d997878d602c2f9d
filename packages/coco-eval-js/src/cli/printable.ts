/** Control characters, which names in foreign files may hold to move the cursor or forge lines, become a visible sign. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
