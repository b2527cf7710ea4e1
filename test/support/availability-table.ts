import type { Window, WindowSet } from '../../src/availability/index.ts'
import { type NamedCase, namedCases } from './availability-cases.ts'
import { read } from './availability-oracle.ts'

/** The table of docs/explanation/windows.md. */
export function caseTable(): string {
  const rows = namedCases.map((named) => [
    named.name,
    named.sets.map(writtenSet).join(' ∩ '),
    moment(named, named.now),
    named.at === null ? '–' : moment(named, named.at),
    named.until === null ? '–' : moment(named, named.until),
    `\`${named.reason}\``,
    named.why,
  ])
  const head = ['case', 'windows', 'now', 'opens', 'closes', 'reason', 'why']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** `Mon 2026-03-30 09:00 (07:00Z)`, with the zone where it is the case's first. */
function moment({ zone, now }: NamedCase, instant: string): string {
  const { day, date, time } = read(zone, Date.parse(instant))
  const local = `${day[0]!.toUpperCase()}${day.slice(1)} ${date} ${time.replace(/:00$/, '')}`
  const utc = instant.slice(11).replace(/:00Z$/, 'Z')
  return `${local}${instant === now ? ` ${zone}` : ''} (${utc})`
}

function writtenSet(set: WindowSet): string {
  const isList = (value: WindowSet): value is readonly Window[] => Array.isArray(value)
  const { windows, except = [] } = isList(set) ? { windows: set } : set
  const list = windows.map(({ days, from, to }) => `${days ? `${days} ` : ''}${from}–${to}`)
  const closed = except.map((dates) =>
    typeof dates === 'string' ? dates : `${dates.from} to ${dates.to}`,
  )
  const but = closed.length > 0 ? `, not on ${closed.join(', ')}` : ''
  return `${list.length > 0 ? list.join(', ') : 'any time'}${but}`
}
