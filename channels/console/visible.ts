/**
 * What a terminal would obey instead of show: control characters but line ends and tabs (escape
 * sequences begin with one), and what turns the direction of writing, so that a line reads as
 * another one than it is.
 */
const obeyed = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu

/** Makes such characters visible: `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replace(obeyed, escaped)
}

/** The same, on one line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}

function escaped(character: string): string {
  const hex = character.charCodeAt(0).toString(16)
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
}
