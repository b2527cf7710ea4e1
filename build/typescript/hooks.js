import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What was compiled is kept, by what it was: another process only reads it. */
const kept = new URL('../../node_modules/.cache/envoyer/typescript/', import.meta.url)

export function load(url, context, next) {
  if (!/\.m?ts$/.test(url)) return next(url, context)
  const text = readFileSync(new URL(url), 'utf8')
  const file = new URL(`${createHash('sha1').update(url).update(text).digest('hex')}.js`, kept)
  return { format: 'module', shortCircuit: true, source: read(file) ?? make(file, text, url) }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function make(file, text, url) {
  // Not loaded by a process that finds all it needs.
  const { transformSync } = createRequire(import.meta.url)('esbuild')
  const { code } = transformSync(text, {
    ...{ loader: 'ts', format: 'esm', target: 'node20' },
    ...{ sourcemap: 'inline', sourcesContent: false, sourcefile: fileURLToPath(url) },
  })
  mkdirSync(kept, { recursive: true })
  const temporary = new URL(randomUUID(), kept)
  writeFileSync(temporary, code)
  renameSync(temporary, file)
  return code
}
