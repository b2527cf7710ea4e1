import type { Backend } from '../../src/channel/backend.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { DeliveryError, missingPackage, Permanent } from '../../src/errors.ts'
import { createHttpClient } from '../../src/guard/client.ts'
import { createMask } from '../../src/secret/mask.ts'
import type { Sms, SmsMessage } from './channel.ts'
import type { SmsOptions } from './options.ts'
import { segmentsOf } from './segments.ts'
import { createRequests, type TwilioConnection } from './twilio-http.ts'
import { readTwilioOptions, type TwilioOptions } from './twilio-options.ts'

type Twilio = typeof import('twilio')

/** https://www.twilio.com/docs/messaging/api/message-resource#request-body-parameters */
const maxCharacters = 1_600

/**
 * Sends SMS over Twilio. Needs the package twilio, which it loads when the first message goes out.
 *
 * ```ts
 * sms({ backend: twilio({ accountSid, authToken, messagingServiceSid }) })
 * ```
 *
 * `twilioRules` says which failure is permanent. @throws EnvoyerError `configuration-invalid`
 */
export function twilio(options: TwilioOptions): Backend<string, SmsMessage, SmsOptions> {
  const settings = readTwilioOptions(options)
  const { accountSid, username, password, allow, timeoutMs } = settings
  const connection: TwilioConnection = {
    settings,
    http: createHttpClient({ allow, timeouts: { totalMs: timeoutMs } }),
    // As it is, and as HTTP Basic sends it.
    mask: createMask([password, Buffer.from(`${username}:${password}`).toString('base64')]),
  }
  let loading: Promise<Twilio> | undefined

  function load(): Promise<Twilio> {
    loading ??= import('twilio').then(
      (module) => module.default,
      (error: unknown) => {
        loading = undefined // the package may be installed by the next try
        throw missingPackage(error, 'The backend twilio', 'twilio')
      },
    )
    return loading
  }
  /** One for each message, because the signal is the message's. It costs a tenth of a millisecond. */
  async function connect(signal?: AbortSignal) {
    const make = await load()
    const httpClient = createRequests(connection, signal)
    return make(username, password, { accountSid, httpClient })
  }

  return {
    name: options.name ?? 'twilio',
    async send(sms) {
      const { text } = sms.message
      checkLength(text)
      const client = await connect(sms.signal)
      const { messagingServiceSid } = settings
      const from = sms.options?.from ?? settings.from
      const statusCallback = sms.options?.statusCallback ?? settings.statusCallback
      const validityMs = sms.options?.validityMs
      const { sid, status, numSegments } = await client.messages.create({
        to: sms.address,
        body: text,
        ...(from !== undefined && { from }),
        ...(messagingServiceSid !== undefined && { messagingServiceSid }),
        ...(statusCallback !== undefined && { statusCallback }),
        ...(validityMs !== undefined && { validityPeriod: validityMs / 1000 }),
      })
      return receiptOf(sms, sid, status, numSegments)
    },
    async verify() {
      const client = await connect()
      // A standard API key may do everything but read the account.
      if (settings.byKey) {
        await client.messages.list({ limit: 1, pageSize: 1 })
        return
      }
      const { status } = await client.api.v2010.accounts(accountSid).fetch()
      if (status === 'active') return
      const text = `The Twilio account is ${status}.`
      throw new DeliveryError(text, { code: 'twilio-20005' })
    },
    close: () => connection.http.close(),
  }
}

/** By characters as people count them: what Twilio counts in another way, it refuses itself. */
function checkLength(text: string): void {
  const length = text.length <= maxCharacters ? 0 : Array.from(text).length
  if (length <= maxCharacters) return
  throw new Permanent(`The text has ${length} characters; Twilio takes ${maxCharacters}.`, {
    code: 'twilio-21617',
  })
}

function receiptOf({ message }: Sms, sid: string, status: string, numSegments: string): Receipt {
  const { encoding, count } = segmentsOf(message.text)
  const charged = Number(numSegments)
  return {
    id: sid,
    status,
    segments: count,
    encoding,
    // 0 with a messaging service: it is not known before a sender is chosen
    ...(charged > 0 && { chargedSegments: charged }),
  }
}
