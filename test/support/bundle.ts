import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'

const cache = fileURLToPath(new URL('../../.cache', import.meta.url))

/** A new folder within the project, where the packages are found; `name` begins its own. */
export async function cacheFolder(name: string): Promise<string> {
  await mkdir(cache, { recursive: true })
  return mkdtemp(join(cache, `${name}-`))
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true })

/** For what runs on this machine's Node.js. */
export const bundled = {
  ...{ bundle: true, platform: 'node', target: 'node20', logLevel: 'error' },
} as const satisfies BuildOptions

/** As modules that share what they have in common, and packages among it that call `require`. */
export const bundledModules = {
  ...bundled,
  ...{ splitting: true, format: 'esm' },
  banner: {
    js: "import { createRequire as $create } from 'node:module'; const require = $create(import.meta.url);",
  },
} as const satisfies BuildOptions
