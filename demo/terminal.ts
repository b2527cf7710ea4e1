const colorful = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === ''

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

export type Style = keyof typeof codes

export function paint(style: Style, text: string): string {
  return colorful ? `\x1b[${codes[style]}m${text}\x1b[0m` : text
}

let headings = 0

/** A numbered heading with an empty line before it. */
export function heading(text: string): void {
  headings += 1
  console.log(`\n${paint('bold', `${headings}. ${text}`)}\n`)
}

export function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line === '' ? '' : `   ${line}`)
}

/** Explains what is seen. */
export function explain(...lines: readonly string[]): void {
  say(...lines.map((line) => (line === '' ? '' : paint('dim', line))))
}
