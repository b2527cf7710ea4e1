import type { Outgoing } from '../../src/channel/backend.ts'
import { type ChannelOptions, defineChannel } from '../../src/channel/channel.ts'
import type { Rendered } from '../../src/channel/part.ts'
import { emailAddress } from './address.ts'
import { htmlToText } from './html-to-text.ts'
import { type EmailOptions, mergeEmailOptions, parseEmailOptions } from './options.ts'

const parts = {
  subject: 'required',
  html: { need: 'alternative', format: 'html' },
  text: 'alternative',
} as const

type Parts = typeof parts

/** The rendered parts of an e-mail. */
export type EmailMessage = Rendered<Parts>

/** What an e-mail backend is given to send. */
export type Mail = Outgoing<string, EmailMessage, EmailOptions>

const configure = defineChannel<string, Parts, EmailOptions, 'email'>({
  address: emailAddress,
  parts,
  parseOptions: parseEmailOptions,
  mergeOptions: mergeEmailOptions,
  complete: (message) =>
    message.text === undefined && message.html !== undefined
      ? { ...message, text: htmlToText(message.html) }
      : message,
  // So many recipients every server takes (RFC 5321, section 4.5.3.1.8).
  groupAtMost: 100,
  // More than there are connections: they never wait for the next claim.
  concurrency: 50,
})

/**
 * The e-mail channel. Parts: `subject`, and `html` or `text` or both; a missing text is made from
 * the HTML.
 *
 * ```ts
 * createEnvoyer({ channels: { email: email({ backend: smtp({ url, from }) }) }, … })
 * ```
 *
 * One attempt's time is 60 s by default instead of 30: servers look into a mail before they answer
 * (RFC 5321, section 4.5.3.2.6, would have us wait ten minutes), and whoever hangs up too early
 * delivers it twice.
 */
export function email(options: ChannelOptions<string, Parts, EmailOptions>) {
  return configure({ timeoutMs: 60_000, ...options })
}
