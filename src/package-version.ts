import { createRequire } from 'node:module'

/** The version of this package. Read when it is asked for, not when it is imported. */
export function packageVersion(): string {
  // By the package's own name: from source it lies elsewhere than in what is built.
  const manifest = createRequire(import.meta.url)('envoyer/package.json') as { version: string }
  return manifest.version
}
