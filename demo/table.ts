import { paint, type Style } from './terminal.ts'

type Row = readonly string[]

function styleOf(cell: string): Style | undefined {
  if (/\bsent\b/.test(cell)) return 'green'
  return cell.startsWith('failed') ? 'red' : undefined
}

/** Rows as lines of a table, each column as wide as its widest cell. */
export function table(head: Row, rows: readonly Row[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: Row, style: (cell: string, padded: string) => string) =>
    row
      .map((cell, column) => style(cell, cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
  return [
    line(head, (_cell, padded) => paint('bold', padded)),
    line(
      widths.map((width) => '─'.repeat(width)),
      (_cell, padded) => paint('dim', padded),
    ),
    ...rows.map((row) =>
      line(row, (cell, padded) => {
        const style = styleOf(cell)
        return style === undefined ? padded : paint(style, padded)
      }),
    ),
  ]
}
