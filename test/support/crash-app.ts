import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { http, webhook } from '../../channels/webhook/index.ts'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { ChildSettings } from './crash-messages.ts'

/** An address that ends so kills the process that sends to it. */
export const poison = '/poison'

/** `size`: how many deliveries the notification must have, so that one half-written is found. */
const context = z.object({ size: z.number() })

function backend() {
  const real = http({ allow: ['127.0.0.1/32'] })
  return {
    ...real,
    async send(outgoing: Parameters<typeof real.send>[0]) {
      if (outgoing.address.url.endsWith(poison)) {
        // Late enough for others to be in flight beside it.
        await sleep(100)
        process.kill(process.pid, 'SIGKILL')
      }
      return real.send(outgoing)
    },
  }
}

/** The application that is killed: two webhook channels, whose messages go through real HTTP. */
export function createCrashApp(settings: ChildSettings, problem: (text: string) => void) {
  const { database } = settings
  const retry = delays([0, 0], { jitter: 0 })
  return createEnvoyer({
    ...('url' in database
      ? {
          databaseUrl: database.url,
          redisUrl: database.redisUrl ?? '',
          schema: database.schema,
          migrations: 'run',
        }
      : { directory: database.directory, durability: 'fsync' }),
    events: {
      ping: defineEvent({ context, channels: ['webhook'] }),
      ping2: defineEvent({ context, channels: ['other'] }),
    },
    channels: {
      webhook: webhook({ backend: backend(), retry }),
      other: webhook({ backend: backend(), retry }),
    },
    onFailure: (failure) => {
      if (failure.kind === 'internal') problem(String(failure.error.stack))
    },
  })
}

export type CrashApp = ReturnType<typeof createCrashApp>
