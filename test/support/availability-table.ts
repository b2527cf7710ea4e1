import type { Window, WindowSet } from '../../src/availability/index.ts'
import { namedCases } from './availability-cases.ts'
import { read } from './availability-oracle.ts'
import { type Fate, sendCases } from './send-cases.ts'

/** The table of named cases in docs/explanation/windows.md. */
export function caseTable(): string {
  const rows = namedCases.map((named) => [
    named.name,
    named.sets.map(writtenSet).join(' ∩ '),
    inZone(named.now, named.zone),
    ...[named.at, named.until].map((instant) =>
      instant === named.now ? inZone(instant, named.zone) : orNever(instant, named.zone),
    ),
    `\`${named.reason}\``,
    named.why,
  ])
  return tableOf(['case', 'windows', 'now', 'opens', 'closes', 'reason', 'why'], rows)
}

/** The table of named cases of `send` there. */
export function sendTable(): string {
  const rows = sendCases.map(({ channel, event, deadline, downUntil, fates, ...named }) => {
    const { zone } = fates[0]!
    return [
      named.name,
      writtenOwners({ channel, event }),
      moment(named.calledAt, zone),
      orNever(deadline ?? null, zone),
      fates.map(writtenTold).join('<br>'),
      fates.map(writtenEnd).join('<br>'),
      named.why,
    ]
  })
  const head = [
    'case',
    'windows',
    'called',
    'deadline',
    '`send` tells',
    'what becomes of it',
    'why',
  ]
  return tableOf(head, rows)
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** `Mon 2026-03-30 09:00 (07:00Z)`. */
function moment(instant: string, zone: string, written = ''): string {
  const { day, date, time } = read(zone, Date.parse(instant))
  const local = `${day[0]!.toUpperCase()}${day.slice(1)} ${date} ${time.replace(/:00$/, '')}`
  const utc = instant.slice(11).replace(/:00Z$/, 'Z')
  return `${local}${written} (${utc})`
}

const inZone = (instant: string, zone: string) => moment(instant, zone, ` ${zone}`)
const orNever = (instant: string | null, zone: string) =>
  instant === null ? '–' : moment(instant, zone)

function writtenOwners(owners: Readonly<Record<string, WindowSet | undefined>>): string {
  const written = Object.entries(owners).flatMap(([kind, set]) =>
    set === undefined ? [] : [`${kind} ${writtenSet(set)}`],
  )
  return written.join(' ∩ ')
}

function writtenTold({ sendAt, zone, reason, note }: Fate): string {
  const told = [`\`${reason}\``, ...(note ? [`\`${note}\``] : [])]
  return [...(sendAt === null ? [] : [inZone(sendAt, zone)]), ...told].join(', ')
}

function writtenEnd({ status, code, sentAt, zone, by }: Fate): string {
  const ended = code === undefined ? status : `${status}, \`${code}\``
  if (sentAt === null) return ended
  return `${ended}${by ? '; its fallback sent' : ''} ${moment(sentAt, zone)}`
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
