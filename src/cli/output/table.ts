import { paint, type Style, visible } from './terminal.ts'

type Row = readonly string[]

/** A column that is cut keeps so many characters. */
const leastWidth = 8
const gap = '  '

/** What is never cut: it is copied into the next command. */
const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)

const styles: Readonly<Record<string, Style>> = {
  ...{ sent: 'green', ok: 'green', on: 'green', yes: 'green' },
  ...{ failed: 'red', error: 'red', no: 'red' },
  ...{ warning: 'yellow', paused: 'yellow', off: 'yellow', pending: 'yellow', sending: 'yellow' },
}

/**
 * Rows as lines of a table. Where `width` is given and too small, the widest columns are cut with
 * `…`; where that is not enough, each row becomes a paragraph.
 */
export function table(head: Row, given: readonly Row[], width?: number): string[] {
  const rows = given.map((row) => row.map(visible))
  const widths = fit(head, rows, width)
  if (widths === undefined) return paragraphs(head, rows)
  const line = (row: Row, style: (cell: string, padded: string) => string) =>
    row
      .map((cell, column) => {
        const space = widths[column]!
        const shown = cell.length > space ? `${cell.slice(0, space - 1)}…` : cell
        return style(cell, column === row.length - 1 ? shown : shown.padEnd(space))
      })
      .join(gap)
      .trimEnd()
  return [
    line(head, (_cell, padded) => paint('bold', padded)),
    ...rows.map((row) => line(row, styled)),
  ]
}

function styled(cell: string, shown: string): string {
  const style = styles[cell]
  return style === undefined ? shown : paint(style, shown)
}

/** The width of each column; none where a table would not be readable. */
function fit(head: Row, rows: readonly Row[], width: number | undefined): number[] | undefined {
  const cellsOf = (column: number) => [head[column]!, ...rows.map((row) => row[column] ?? '')]
  const widths = head.map((_, column) => Math.max(...cellsOf(column).map(({ length }) => length)))
  if (width === undefined) return widths
  const least = head.map((title, column) => {
    if (cellsOf(column).some(isId)) return widths[column]!
    return Math.min(widths[column]!, Math.max(leastWidth, title.length))
  })
  const taken = () => sum(widths) + gap.length * (widths.length - 1)
  while (taken() > width) {
    const widest = widths.reduce<number>(
      (best, each, column) =>
        each > least[column]! && (best < 0 || each > widths[best]!) ? column : best,
      -1,
    )
    if (widest < 0) return undefined
    widths[widest]! -= 1
  }
  return widths
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0)

function paragraphs(head: Row, rows: readonly Row[]): string[] {
  const label = Math.max(...head.map(({ length }) => length))
  return rows.flatMap((row, index) => [
    ...(index > 0 ? [''] : []),
    ...row.flatMap((cell, column) =>
      cell === ''
        ? []
        : [`${paint('bold', head[column]!.padEnd(label))}${gap}${styled(cell, cell)}`],
    ),
  ])
}
