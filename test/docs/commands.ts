import { blocksOf } from './page.ts'

const isCommand = (line: string) => /^envoyer [a-z-]/.test(line)
const bare = (line: string) => line.trim().replace(/^npx /, '')

/** Command lines in the shell blocks of a page, without `npx`. */
export function commandLines(page: string): string[] {
  return blocksOf(page)
    .filter(({ language }) => ['sh', 'bash', 'shell'].includes(language))
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map(bare)
    .filter(isCommand)
}

/** Whole code spans that are commands. */
export function commandSpans(page: string): string[] {
  return [...page.matchAll(/`((?:npx )?envoyer [^`\n]+)`/g)]
    .map(([, span]) => bare(span!))
    .filter(isCommand)
}
