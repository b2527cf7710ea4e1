/** The head of every generated page. */
export function page(title: string, ...paragraphs: string[]): string {
  const note = '<!-- Generated from the code by `npm run docs`. Change the code, not this page. -->'
  return `${[note, `# ${title}`, ...paragraphs].join('\n\n')}\n`
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** A bar would end the cell, in code too. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

export const code = (text: string) => `\`${text}\``
