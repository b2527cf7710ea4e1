import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { deliveryCodes } from '../../build/reference/errors.ts'
import { stalePages } from '../../build/reference.ts'

const root = new URL('../../', import.meta.url)

test('the reference says what the code says', async () => {
  assert.deepEqual(await stalePages(), [], 'run `npm run docs`')
})

test('every delivery code of the reference is one that the code gives', async () => {
  const files = (await readdir(new URL('src', root), { recursive: true })).filter((path) =>
    path.endsWith('.ts'),
  )
  const texts = await Promise.all(
    files.map((path) => readFile(new URL(`src/${path}`, root), 'utf8')),
  )
  for (const name of Object.keys(deliveryCodes)) {
    assert.ok(
      texts.some((text) => text.includes(`'${name}'`)),
      name,
    )
  }
})
