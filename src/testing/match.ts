import { isDeepStrictEqual } from 'node:util'

/** What went out over a backend that records. */
export interface SentMessage {
  readonly id: string
  readonly notificationId: string
  readonly event: string
  readonly channel: string
  readonly address: unknown
  /** The normalised address; of a group, the first. */
  readonly to: string
  /** All that it goes to: one, or those of a group. */
  readonly members: readonly string[]
  readonly users: readonly string[]
  readonly locale: string
  readonly zone: string
  /** The rendered parts. */
  readonly message: Readonly<Record<string, string>>
  /** What was given to `send`. */
  readonly context: unknown
  readonly options: unknown
  /** When it went out, by the fake clock. */
  readonly at: Date
}

/** Which messages are meant; what is left out matches all. */
export interface Match<ChannelName extends string = string> {
  readonly channel?: ChannelName
  /** The normalised address; of a group, any. */
  readonly to?: string
  readonly user?: string | number
  readonly locale?: string
  /** Keys that the context has, with equal values. */
  readonly context?: Readonly<Record<string, unknown>>
  /** By part: a text that it contains, or a pattern that it matches. */
  readonly message?: Readonly<Record<string, string | RegExp>>
  /** How many there must be; without it at least one. */
  readonly count?: number
}

function contains(text: string | undefined, wanted: string | RegExp): boolean {
  if (text === undefined) return false
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)
}

const tests: { [Key in keyof Match]-?: (sent: SentMessage, wanted: never) => boolean } = {
  channel: (sent, channel: string) => sent.channel === channel,
  to: (sent, to: string) => sent.members.includes(to),
  user: (sent, user: string | number) => sent.users.includes(String(user)),
  locale: (sent, locale: string) => sent.locale === locale,
  context: (sent, context: Record<string, unknown>) =>
    Object.entries(context).every(([key, value]) =>
      isDeepStrictEqual((sent.context as Record<string, unknown>)[key], value),
    ),
  message: (sent, message: Record<string, string | RegExp>) =>
    Object.entries(message).every(([part, wanted]) => contains(sent.message[part], wanted)),
  count: () => true,
}

/** Whether a message of the event fits all that is asked. */
export function matches(sent: SentMessage, event: string, match: Match): boolean {
  if (sent.event !== event) return false
  return Object.entries(match).every(([key, wanted]) => {
    const test = tests[key as keyof Match]
    if (!test)
      throw new TypeError(`There is no condition \`${key}\`: ${Object.keys(tests).join(', ')}`)
    return wanted === undefined || test(sent, wanted as never)
  })
}

function shown(value: unknown): string {
  return value instanceof RegExp ? String(value) : JSON.stringify(value)
}

/** A match in words, for messages: `order-shipped to "a@b.example" over email`. */
export function describeMatch(event: string, { count, ...match }: Match): string {
  const conditions = Object.entries(match)
    .filter(([, wanted]) => wanted !== undefined)
    .map(([key, wanted]) =>
      key === 'message' || key === 'context'
        ? `${key} { ${Object.entries(wanted as object)
            .map(([name, value]) => `${name}: ${shown(value)}`)
            .join(', ')} }`
        : `${key} ${shown(wanted)}`,
    )
  return [event, ...conditions].join(', ')
}

/** What happened, a line a message. */
export function describeSent(sent: readonly SentMessage[]): string {
  if (sent.length === 0) return '  nothing'
  return sent
    .slice(0, 20)
    .map(({ event, channel, members, locale, message }) => {
      const text = Object.entries(message).map(
        ([part, value]) => `${part}: ${shown(value.slice(0, 60))}`,
      )
      return `  ${event} over ${channel} to ${members.join(', ')} (${locale}) ${text.join(', ')}`
    })
    .concat(sent.length > 20 ? [`  … and ${sent.length - 20} more`] : [])
    .join('\n')
}
