import { readFile, writeFile } from 'node:fs/promises'

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->` in a page; throws without them. */
export async function writeBetweenMarks(page: URL, name: string, text: string): Promise<void> {
  const [opening, closing] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const old = await readFile(page, 'utf8')
  const [before, after] = [old.indexOf(opening), old.indexOf(closing)]
  if (before < 0 || after < before)
    throw new Error(`No ${opening} … ${closing} in ${page.pathname}`)
  await writeFile(page, `${old.slice(0, before)}${opening}\n\n${text}\n\n${old.slice(after)}`)
}
