import { fileURLToPath } from 'node:url'
// An application writes: import { createEnvoyer, delays } from 'envoyer'
//                        import { email, smtp } from 'envoyer/channels/email'   … and so on
import { consoleChannel } from '../channels/console/index.ts'
import { email, smtp } from '../channels/email/index.ts'
import { http, webhook } from '../channels/webhook/index.ts'
import { createEnvoyer, delays } from '../src/index.ts'
import { events } from './events.ts'

export interface ShopSettings {
  /** `smtp://user:password@host:587` */
  readonly smtpUrl: string
  /** `whsec_…`: receivers check by it that a webhook comes from us. */
  readonly webhookSecret: string
  /** Where the embedded database lives. */
  readonly directory: string
}

/** The shop's notifications: what happens, over which media, to whom, in which words. */
export function createShopEnvoyer({ smtpUrl, webhookSecret, directory }: ShopSettings) {
  // A demo cannot wait for hours. Leave `retry` out: the defaults suit real servers.
  const retry = delays([400, 800])
  return createEnvoyer({
    events,
    channels: {
      email: email({
        backend: smtp({ url: smtpUrl, from: 'Harbour Tea <hello@harbour-tea.example>' }),
        retry,
      }),
      webhook: webhook({
        // Own networks are refused unless they are named; the demo's receiver is on this machine.
        backend: http({ secret: webhookSecret, allow: ['127.0.0.1'] }),
        retry,
      }),
      console: consoleChannel(),
    },
    // Only what templates need of a customer is stored.
    recipient: { data: (person: { name: string }) => ({ name: person.name }) },
    templates: fileURLToPath(new URL('../templates', import.meta.url)),
    locale: 'en',
    zone: 'Europe/London',
    directory,
    // With ENVOYER_DATABASE_URL the same demo runs on PostgreSQL, and makes its tables there.
    migrations: 'run',
  })
}

export type ShopEnvoyer = ReturnType<typeof createShopEnvoyer>
