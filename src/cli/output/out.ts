import { number } from './words.ts'

/** Where a command tells what it did. */
export interface Out {
  /** `--json` was given: standard output is for one document. */
  readonly json: boolean
  /** The result: the document with `--json`, else the lines. */
  result(document: unknown, lines: () => readonly string[]): void
  /** Shows on a terminal how far long work is, in one line that the next one replaces. */
  progress(what: string): (progress: { readonly done: number; readonly of?: number }) => void
  /** The command did what it was told, and what it found is not well: exit code 1. */
  failed(): void
}

/** Progress is drawn so often at most. */
const redrawMs = 100

export function createOut(json: boolean): Out {
  let drawn = false
  const clear = () => {
    if (drawn) process.stderr.write('\r\x1b[K')
    drawn = false
  }
  return {
    json,
    result(document, lines) {
      clear()
      const text = json ? JSON.stringify(document, null, 2) : lines().join('\n')
      if (text !== '') process.stdout.write(`${text}\n`)
    },
    progress(what) {
      let last = Number.NEGATIVE_INFINITY
      return ({ done, of }) => {
        if (!process.stderr.isTTY || performance.now() - last < redrawMs) return
        last = performance.now()
        drawn = true
        const all = of === undefined ? '' : ` of ${number(of)}`
        process.stderr.write(`\r\x1b[K${what}: ${number(done)}${all}`)
      }
    },
    failed() {
      process.exitCode = 1
    },
  }
}
