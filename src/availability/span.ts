/**
 * From `from` up to, but without, `until`. In this folder lists of spans are sorted, and their
 * members neither overlap nor touch. What they count is milliseconds: of a week, of a zone's wall
 * clock, or since 1970.
 */
export interface Span {
  readonly from: number
  readonly until: number
}

/** Sorts, and joins what overlaps or touches. */
export function union(spans: readonly Span[]): Span[] {
  const joined: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last && span.from <= last.until) {
      joined[joined.length - 1] = { from: last.from, until: Math.max(last.until, span.until) }
    } else {
      joined.push(span)
    }
  }
  return joined
}

/** What lies in both. Spans that only touch have nothing in common. */
export function intersection(some: readonly Span[], others: readonly Span[]): Span[] {
  const common: Span[] = []
  let i = 0
  let j = 0
  while (i < some.length && j < others.length) {
    const a = some[i]!
    const b = others[j]!
    const from = Math.max(a.from, b.from)
    const until = Math.min(a.until, b.until)
    if (from < until) common.push({ from, until })
    if (a.until < b.until) i += 1
    else j += 1
  }
  return common
}

/** The span that `at` lies in, or else the next one. */
export function spanFrom(spans: readonly Span[], at: number): Span | undefined {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.until > at) high = middle
    else low = middle + 1
  }
  return spans[low]
}
