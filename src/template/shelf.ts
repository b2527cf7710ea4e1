import { existsSync } from 'node:fs'
import type { ChannelParts, TemplateOverride } from './contract.ts'
import { emptyListing, readDirectory } from './directory.ts'
import { buildLibrary, type Library } from './library.ts'

/** The templates as they are now: files as last looked at, and the overrides. */
export interface Shelf {
  library(): Library
  /** Looks at the folder again, where the last look is older than this. */
  look(olderThanMs: number): void
  override(overrides: readonly TemplateOverride[]): void
}

/** `changed` is called whenever a template is added, taken away or edited. */
export function createShelf(
  directory: string | undefined,
  channels: ChannelParts,
  changed: () => void,
): Shelf {
  let listing = emptyListing
  let overrides: readonly TemplateOverride[] = []
  let library = buildLibrary(listing, overrides, channels, undefined)
  let lookedAt = Number.NEGATIVE_INFINITY
  const rebuild = () => {
    library = buildLibrary(listing, overrides, channels, library)
    changed()
  }
  return {
    library: () => library,
    look(olderThanMs) {
      if (directory === undefined || performance.now() - lookedAt < olderThanMs) return
      lookedAt = performance.now()
      // A folder taken away while it is replaced by a newer one: what was read stays in use.
      if (!existsSync(directory)) return
      const next = readDirectory(directory, listing)
      if (next === listing) return
      listing = next
      rebuild()
    },
    override(next) {
      overrides = next
      rebuild()
    },
  }
}
