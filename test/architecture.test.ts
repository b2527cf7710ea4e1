import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * Imports go downhill only: a module may import what stands in its own row or above it in this
 * list. A name is a folder of `src/`, or a file directly in it.
 */
const tiers = [
  // what everything may know
  [
    'errors.ts',
    'names.ts',
    'package-version.ts',
    'time-limit.ts',
    'event',
    'channel',
    'secret',
    'availability',
    'metric',
    'log',
  ],
  // the steps that stand by themselves
  ['database', 'guard', 'recipient', 'template', 'signal', 'trace', 'monitor'],
  // what is written down: work, and what operators change while everything runs
  ['outbox', 'setting'],
  ['queue'],
  ['worker'],
  // the two orders of steps
  ['send.ts', 'deliver.ts'],
  // the public options: checked once, and inferred from
  ['option'],
  // gives each step of the two orders to the module that it is named after; with it the looks at what
  // is wired, and the same through the process that owns the embedded database
  ['wiring', 'doctor', 'owner'],
  ['envoyer.ts'],
  // sources and audiences built on `send`
  ['endpoint', 'hook', 'websub'],
  ['index.ts', 'http', 'admin', 'cli', 'testing'],
]

/** Each package has one door. Types alone come through it too. */
const doors: Record<string, readonly string[]> = {
  '@electric-sql/pglite': ['src/database'],
  '@standard-schema/spec': ['src/event', 'src/option'],
  '@opentelemetry/api': ['src/trace'],
  bullmq: ['src/queue'],
  commander: ['src/cli'],
  hono: ['src/http'],
  ioredis: ['src/queue'],
  'ipaddr.js': ['src/guard'],
  jiti: ['src/cli'],
  'libphonenumber-js': ['channels/sms'],
  liquidjs: ['src/template'],
  luxon: ['src/availability', 'src/template'],
  nodemailer: ['channels/email'],
  pg: ['src/database'],
  twilio: ['channels/sms'],
  typeorm: ['src/database', 'src/outbox', 'src/hook'],
  undici: ['src/guard'],
}

/** What a channel may know of `src/`. */
const openToChannels = [
  'src/channel/',
  'src/guard/',
  'src/secret/',
  'src/errors.ts',
  'src/event/json.ts',
]

const maxLines = 300

const root = fileURLToPath(new URL('..', import.meta.url))

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string
  readonly text: string
  /** Paths of our own files. */
  readonly files: readonly string[]
  readonly packages: readonly string[]
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const imported = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName)
  const own = (name: string) => name.startsWith('.')
  return {
    path,
    text,
    files: imported.filter(own).map((name) => posix.join(dirname(path), name)),
    packages: imported
      .filter((name) => !own(name) && !name.startsWith('node:'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  }
}

const sources = ['src', 'channels']
  .flatMap(filesBelow)
  .filter((path) => path.endsWith('.ts'))
  .map(read)
const byPath = new Map(sources.map((source) => [source.path, source]))
const inSrc = sources.filter(({ path }) => path.startsWith('src/'))
const inChannels = sources.filter(({ path }) => path.startsWith('channels/'))

const moduleOf = (path: string) => path.split('/')[1]!
const tierOf = (path: string) => tiers.findIndex((tier) => tier.includes(moduleOf(path)))
const folderOf = (path: string) => path.split('/').slice(0, 2).join('/')

/** Every `from → to` of a file that `wrong` says is one. */
function edges(
  of: readonly SourceFile[],
  to: 'files' | 'packages',
  wrong: (from: string, to: string) => boolean,
): string[] {
  return of.flatMap((source) =>
    source[to].filter((each) => wrong(source.path, each)).map((each) => `${source.path} → ${each}`),
  )
}

describe('imports', () => {
  test('every module of src/ has its place', () => {
    assert.ok(sources.length > 50)
    const placeless = inSrc.filter(({ path }) => tierOf(path) < 0)
    assert.deepEqual(
      placeless.map(({ path }) => path),
      [],
    )
  })

  test('go downhill', () => {
    assert.deepEqual(
      edges(inSrc, 'files', (from, to) => tierOf(to) > tierOf(from)),
      [],
    )
  })

  test('src/ knows no channel', () => {
    assert.deepEqual(
      edges(inSrc, 'files', (_from, to) => !to.startsWith('src/')),
      [],
    )
  })

  test('a channel knows its own files and what is open to channels', () => {
    const closed = (from: string, to: string) =>
      folderOf(from) !== folderOf(to) && !openToChannels.some((open) => to.startsWith(open))
    assert.deepEqual(edges(inChannels, 'files', closed), [])
  })

  test('none goes in a circle', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
        return
      }
      if (done.has(path)) return
      for (const next of byPath.get(path)?.files ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of byPath.keys()) visit(path, [])
    assert.deepEqual(circles, [])
  })
})

describe('packages', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    peerDependencies: Record<string, string>
    peerDependenciesMeta: Record<string, { optional: boolean }>
    exports: Record<string, { types: string; default: string } | string>
  }

  test('each comes in by its own door', () => {
    const closed = (from: string, name: string) => !doors[name]?.includes(folderOf(from))
    assert.deepEqual(edges(sources, 'packages', closed), [])
  })

  test('what is imported is declared, and what is declared is imported', () => {
    const { dependencies, peerDependencies } = manifest
    const imported = [...new Set(sources.flatMap(({ packages }) => packages))].sort()
    assert.deepEqual(imported, Object.keys({ ...dependencies, ...peerDependencies }).sort())
  })

  test('peers are optional', () => {
    for (const name of Object.keys(manifest.peerDependencies)) {
      assert.equal(manifest.peerDependenciesMeta[name]?.optional, true, name)
    }
  })

  test('every channel, and nothing that is not there, can be imported', () => {
    const entries = Object.entries(manifest.exports).filter(([name]) => name !== './package.json')
    const channels = [...new Set(inChannels.map(({ path }) => path.split('/')[1]!))]
    assert.deepEqual(
      channels.filter((name) => !manifest.exports[`./channels/${name}`]),
      [],
    )
    for (const [name, target] of entries) {
      assert.ok(typeof target === 'object', name)
      const source = target.default.replace('./dist/', '').replace(/\.js$/, '.ts')
      assert.ok(byPath.has(source), `${name}: ${source}`)
      assert.equal(target.types, target.default.replace(/\.js$/, '.d.ts'))
    }
  })
})

describe('files', () => {
  const all = ['src', 'channels', 'test', 'build', 'demo']
    .flatMap(filesBelow)
    .filter((path) => /\.(ts|js|mjs|cjs)$/.test(path))

  test(`none in src/ and channels/ has more than ${maxLines} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > maxLines)
    assert.deepEqual(long, [])
  })

  test('have names in kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config)?\.\w+$/
    assert.deepEqual(
      all.filter((path) => !kebab.test(posix.basename(path))),
      [],
    )
  })

  test('have no default export', () => {
    const found = sources.filter(({ text }) => /^export default\b/m.test(text))
    assert.deepEqual(
      found.map(({ path }) => path),
      [],
    )
  })

  test('leave nothing for later', () => {
    const later = /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/
    const found = all.filter((path) => later.test(readFileSync(join(root, path), 'utf8')))
    assert.deepEqual(found, [])
  })
})
