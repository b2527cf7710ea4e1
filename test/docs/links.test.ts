import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pages, readPage } from './page.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Without what is in code, where brackets mean something else. */
function prose(page: string): string {
  return page
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''))
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>()
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const anchor = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
}

test('every link between the pages leads somewhere', async () => {
  const broken: string[] = []
  let count = 0
  for (const path of await pages()) {
    for (const [, target] of prose(await readPage(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue
      count += 1
      const [file = '', anchor] = target!.split('#')
      const to = file === '' ? path : normalize(join(dirname(path), file))
      if (!existsSync(join(root, to))) broken.push(`${path}: ${target}`)
      else if (anchor !== undefined && !anchorsOf(await readPage(to)).includes(anchor)) {
        broken.push(`${path}: ${target} (no such heading)`)
      }
    }
  }
  assert.ok(count > 30, `only ${count} links were found`)
  assert.deepEqual(broken, [])
})

test('every command of npm that the pages name is there', async () => {
  const { scripts } = JSON.parse(await readPage('package.json')) as { scripts: object }
  const missing: string[] = []
  for (const path of await pages()) {
    for (const [, name] of (await readPage(path)).matchAll(/npm run ([\w:]+)/g)) {
      if (!Object.hasOwn(scripts, name!)) missing.push(`${path}: npm run ${name}`)
    }
  }
  assert.deepEqual(missing, [])
})
