import { fileURLToPath } from 'node:url'
// An application writes: import { createEnvoyer, delays } from 'envoyer'
//                        import { email, smtp } from 'envoyer/channels/email'   … and so on
import { consoleChannel } from '../channels/console/index.ts'
import { email, smtp } from '../channels/email/index.ts'
import { postoffice, postofficeServer } from '../channels/postoffice/index.ts'
import { sms, twilio } from '../channels/sms/index.ts'
import { http, webhook } from '../channels/webhook/index.ts'
import { createEnvoyer, delays } from '../src/index.ts'
import { events } from './events.ts'

export interface ShopSettings {
  /** `smtp://user:password@host:587` */
  readonly smtpUrl: string
  readonly twilioAccount: {
    readonly accountSid: string
    readonly authToken: string
    /** An application leaves it out: Twilio's own is the default. */
    readonly baseUrl: string
  }
  readonly postofficeUrl: string
  /** `whsec_…`: receivers check by it that a webhook comes from us. */
  readonly webhookSecret: string
  /** Where the embedded database lives. */
  readonly directory: string
}

/** The shop's notifications: what happens, over which media, to whom, in which words. */
export function createShopEnvoyer(settings: ShopSettings) {
  // A demo cannot wait for hours. Leave `retry` out: the defaults suit real servers.
  const retry = delays([400, 800])
  return createEnvoyer({
    events,
    channels: {
      email: email({
        backend: smtp({ url: settings.smtpUrl, from: 'Harbour Tea <hello@harbour-tea.example>' }),
        retry,
      }),
      sms: sms({
        backend: twilio({ ...settings.twilioAccount, from: 'HarbourTea' }),
        retry,
        // Who cannot be reached by SMS gets a mail, where the event has templates for it.
        fallback: 'email',
      }),
      postoffice: postoffice({
        // While the process still starts, half a second (the default) can be too short.
        backend: postofficeServer({ url: settings.postofficeUrl, timeoutMs: 5_000 }),
        retry,
      }),
      webhook: webhook({
        // Own networks are refused unless they are named; the demo's receiver is on this machine.
        backend: http({ secret: settings.webhookSecret, allow: ['127.0.0.1'] }),
        retry,
      }),
      console: consoleChannel(),
    },
    // Only what templates need of a customer is stored.
    recipient: { data: (person: { name: string }) => ({ name: person.name }) },
    templates: fileURLToPath(new URL('../templates', import.meta.url)),
    locale: 'en',
    zone: 'Europe/London',
    directory: settings.directory,
    // With ENVOYER_DATABASE_URL the same demo runs on PostgreSQL, and makes its tables there.
    migrations: 'run',
  })
}

export type ShopEnvoyer = ReturnType<typeof createShopEnvoyer>
