/** Removes what an earlier build made: a file that has no source any more must not be published. */
import { rm } from 'node:fs/promises'

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true })
