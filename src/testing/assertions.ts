import { AssertionError } from 'node:assert'
import type { SkipReason } from '../recipient/route.ts'
import type { Skip } from '../recipient/skip.ts'
import { describeMatch, describeSent, type Match, matches, type SentMessage } from './match.ts'

/** What a test expects to have gone out, or to have been skipped. */
export function createAssertions(
  sent: () => Promise<readonly SentMessage[]>,
  skips: readonly Skip[],
) {
  const found = async (event: string, match: Match) => {
    const all = await sent()
    return { all, messages: all.filter((message) => matches(message, event, match)) }
  }
  return {
    async assertSent(event: string, match: Match = {}) {
      const { all, messages } = await found(event, match)
      const enough =
        match.count === undefined ? messages.length > 0 : messages.length === match.count
      if (enough) return messages
      const wanted = match.count === undefined ? 'at least one' : String(match.count)
      throw failure(
        `Expected ${wanted} of ${describeMatch(event, match)}; there were ${messages.length}.`,
        all,
        skips,
      )
    },
    async assertNotSent(event: string, match: Match = {}) {
      const { messages } = await found(event, match)
      if (messages.length === 0) return
      throw failure(
        `Expected no ${describeMatch(event, match)}; there were ${messages.length}.`,
        messages,
      )
    },
    async assertNothingSent() {
      const all = await sent()
      if (all.length > 0) throw failure('Expected that nothing is sent.', all)
    },
    assertSkipped(reason: SkipReason, match: { channel?: string; user?: string | number } = {}) {
      const skipped = skips.filter(
        (skip) =>
          skip.reason === reason &&
          (match.channel === undefined || skip.channel === match.channel) &&
          (match.user === undefined || skip.userId === String(match.user)),
      )
      if (skipped.length > 0) return skipped
      throw failure(
        `Expected that somebody is skipped: ${describeMatch(reason, match)}.`,
        [],
        skips,
      )
    },
  }
}

function failure(text: string, sent: readonly SentMessage[], skips: readonly Skip[] = []) {
  const skipped = skips.map(
    ({ channel, reason, userId, recipient }) =>
      `  ${channel}: ${reason} (recipient ${recipient}${userId === undefined ? '' : `, user ${userId}`})`,
  )
  const lines = [text, 'Sent:', describeSent(sent)]
  if (skipped.length > 0) lines.push('Skipped:', ...skipped)
  return new AssertionError({ message: lines.join('\n'), stackStartFn: failure })
}
