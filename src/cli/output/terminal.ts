/** Colours only where a person looks, who has not forbidden them (https://no-color.org). */
const colorful = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === ''

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const

export type Style = keyof typeof codes

export function paint(style: Style, text: string): string {
  return colorful ? `\x1b[${codes[style]}m${text}\x1b[0m` : text
}

/** Of the terminal, in columns; none where the output goes into a pipe or a file. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

/** What a terminal would act on stays text: names and addresses come from strangers. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n' || character === '\t' ? ' ' : '\ufffd',
  )
}
