import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, EnvoyerError } from '../errors.ts'
import type { TemplateOverride } from './contract.ts'
import { canonicalLocale } from './locale.ts'
import { placeFile } from './place.ts'
import { cleanBody } from './source.ts'

/** No names that lead out of the folder, or that are ignored in it. */
const plainName = /^[a-z0-9][\w-]*$/i

/**
 * Writes overrides as files into a folder, each at its place. Written are those that stand there
 * now, kept are other files that stood there before. Throws `option-invalid` for an override whose
 * place is no file name.
 */
export async function exportOverrides(
  overrides: readonly TemplateOverride[],
  folder: string,
  existing: 'keep' | 'overwrite',
): Promise<{ written: string[]; kept: string[] }> {
  const files = overrides.map((override) => ({ file: fileOf(override), body: override.body }))
  const [written, kept]: [string[], string[]] = [[], []]
  for (const { file, body } of files) {
    const done = await put(path.join(folder, file), cleanBody(body), existing)
    ;(done ? written : kept).push(file)
  }
  return { written, kept }
}

function fileOf({ event, channel, part, locale }: TemplateOverride): string {
  const tag = locale === '' ? '' : canonicalLocale(locale)
  if (tag === undefined || ![event, channel, part].every((name) => plainName.test(name))) {
    const place = [event, locale, channel, part].filter(Boolean).join(' / ')
    throw new EnvoyerError('option-invalid', `the template ${place} has no place in a folder`)
  }
  return placeFile({ event, channel, part, locale: tag })
}

/** Gives whether the file holds the text now. */
async function put(file: string, body: string, existing: 'keep' | 'overwrite'): Promise<boolean> {
  // With the line break that ends a file, which is not part of the message.
  const text = `${body}\n`
  await mkdir(path.dirname(file), { recursive: true })
  try {
    await writeFile(file, text, { flag: 'wx' })
    return true
  } catch (thrown) {
    if (codeOf(thrown, '') !== 'EEXIST') throw thrown
  }
  if (cleanBody(await readFile(file, 'utf8')) === body) return true
  if (existing === 'keep') return false
  // In one step: an application that reads the folder must not meet half a file. Names that begin
  // with a dot are not read.
  const whole = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`)
  await writeFile(whole, text)
  await rename(whole, file)
  return true
}
