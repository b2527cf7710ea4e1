import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { consoleChannel } from '../../channels/console/index.ts'
import type { WindowSet } from '../../src/availability/index.ts'
import { defineConfig } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { createTestEnvoyer } from '../../src/testing/index.ts'
import { sendTable } from '../support/availability-table.ts'
import { type SendCase, sendCases } from '../support/send-cases.ts'

const page = new URL('../../docs/explanation/windows.md', import.meta.url)
const withWindows = (windows: WindowSet | undefined) => (windows ? { windows } : {})

function start({ channel, event, calledAt }: SendCase) {
  const options = defineConfig({
    zone: 'Europe/Berlin',
    onFailure: () => {},
    events: {
      note: defineEvent({
        context: z.object({}),
        ...{ channels: ['first'], fallback: 'second' },
        ...withWindows(event),
      }),
    },
    channels: { first: consoleChannel(withWindows(channel)), second: consoleChannel() },
  })
  return createTestEnvoyer(options, { now: calledAt })
}

/** What there is to compare, in the order of the recipients. */
async function fatesOf(named: SendCase) {
  await using envoyer = start(named)
  const { downUntil, recipients = [{}], deadline, afterDeadline } = named
  if (downUntil) await envoyer.settings.set('first', { paused: true })
  const { deliveries } = await envoyer.send(
    'note',
    recipients.map((each, n) => ({ userId: n, ...each })),
    {},
    { ...(deadline ? { deadline } : {}), ...(afterDeadline ? { afterDeadline } : {}) },
  )
  if (downUntil) {
    await envoyer.advance(downUntil)
    await envoyer.settings.set('first', { paused: false })
  }
  await envoyer.advance(7 * 86_400_000)
  const sent = await envoyer.sent()
  return await Promise.all(
    deliveries.map(async ({ id, users: [user], zone, sendAt, reason, notes }) => {
      const { status, errorCode } = await envoyer.deliveries.get(id)
      const message = sent.find(({ users }) => users[0] === user)
      return {
        ...{ zone, sendAt: text(sendAt), reason, note: notes[0], status },
        code: errorCode ?? undefined,
        sentAt: text(message?.at ?? null),
        by: message?.channel === 'second' ? 'fallback' : undefined,
      }
    }),
  )
}

/** Without what the test itself takes, some seconds at the most. */
const text = (at: Date | null) => at && `${at.toISOString().slice(0, 17)}00Z`

describe('what becomes of a message, by its windows and its deadline', () => {
  for (const named of sendCases) {
    test(named.name, async () => {
      const whole = { note: undefined, code: undefined, by: undefined }
      const expected = named.fates.map((fate) => ({ ...whole, ...fate }))
      assert.deepEqual(await fatesOf(named), expected)
    })
  }

  test('is the table of the explanation', async () => {
    const shown = /<!-- sends -->\n\n([\s\S]*?)\n\n<!-- \/sends -->/.exec(
      await readFile(page, 'utf8'),
    )
    assert.equal(shown?.[1], sendTable())
  })
})
