import { readdir, readFile } from 'node:fs/promises'

/** A fenced block of a page, or a comment that is for the test. */
export interface Block {
  readonly language: string
  /** What follows the language: names of files, or `run`, `start`, `output`, `shown`, `stop`. */
  readonly words: readonly string[]
  readonly text: string
  /** Of its first line, from 1. */
  readonly line: number
}

const root = new URL('../../', import.meta.url)

export function readPage(path: string): Promise<string> {
  return readFile(new URL(path, root), 'utf8')
}

/** All pages for users, and CONTRIBUTING. */
export async function pages(): Promise<string[]> {
  const found = await readdir(new URL('docs', root), { recursive: true })
  const docs = found.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`)
  return ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...docs]
}

/**
 * The blocks of a page, in order. `<!-- test: stop send.ts -->` counts as one of the language
 * `test`: what a reader does by a key and not by a command.
 */
export function blocksOf(page: string): Block[] {
  const pattern = /^```(\w+)([^\n]*)\n(.*?)^```$|^<!-- test:(.*?)-->$/gms
  return [...page.matchAll(pattern)].map((match) => {
    const [, language = 'test', info = match[4] ?? '', text = ''] = match
    const line = page.slice(0, match.index).split('\n').length + 1
    return { language, words: info.split(' ').filter((word) => word !== ''), text, line }
  })
}

/** True where a block is a file, named by its first word. */
export function isFile({ language, words }: Block): boolean {
  return language !== 'test' && words[0]?.includes('.') === true
}
