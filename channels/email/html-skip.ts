/** An element that is left out, and all in it: where it ends. */
export interface Skip {
  /** Whether a start tag ends it; that tag stands behind it. */
  endsBefore(name: string): boolean
  /** Whether an end tag ends it: its own (`own`), or one of what it stands in (`outer`). */
  endsAt(name: string): 'own' | 'outer' | undefined
}

/** An element whose end tag may be left out (HTML Living Standard, 13.1.2.4). */
interface Optional {
  /** Start tags that end it. */
  readonly starts: ReadonlySet<string>
  /** End tags of what it can stand in. */
  readonly ends: ReadonlySet<string>
  /** What in it has such elements, and such tags, of its own. */
  readonly nests: ReadonlySet<string>
}

const words = (text: string) => new Set(text.split(/\s+/).filter((word) => word !== ''))
const blocks = `address article aside blockquote center details dialog div dl fieldset figcaption figure
  footer form h1 h2 h3 h4 h5 h6 header hgroup main menu nav ol section table ul`
const p: Optional = {
  starts: words(`${blocks} dd dt hr li p pre search tbody td tfoot th tr`),
  ends: words(`${blocks} body caption dd dt html li td th`),
  nests: words(''),
}
const item = { starts: words('li'), ends: words('ul ol menu'), nests: words('ul ol menu') }
const term = { starts: words('dt dd'), ends: words('dl'), nests: words('dl') }
const cell: Optional = {
  starts: words('td th tr tbody tfoot'),
  ends: words('tr tbody thead tfoot table'),
  nests: words('table'),
}
const row = { ...cell, starts: words('tr tbody tfoot'), ends: words('tbody thead tfoot table') }
const rows = { ...cell, starts: words('tbody tfoot'), ends: words('table') }
const optional = new Map<string, Optional>([
  ...Object.entries({ p, li: item, dt: term, dd: term, td: cell, th: cell, tr: row }),
  ...Object.entries({ thead: rows, tbody: rows, tfoot: rows }),
])

export function createSkip(name: string): Skip {
  const rules = optional.get(name)
  // Of an element that must be closed, those of its name; else those that have such elements.
  let inside = 0
  return {
    endsBefore(next) {
      if (inside === 0 && rules?.starts.has(next)) return true
      if (rules === undefined ? next === name : rules.nests.has(next)) inside += 1
      return false
    },
    endsAt(ended) {
      if (inside > 0) {
        if (rules === undefined ? ended === name : rules.nests.has(ended)) inside -= 1
        return undefined
      }
      if (ended === name) return 'own'
      return rules?.ends.has(ended) ? 'outer' : undefined
    },
  }
}
