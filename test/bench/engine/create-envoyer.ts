import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { email, smtp } from '../../../channels/email/index.ts'
import { http, webhook } from '../../../channels/webhook/index.ts'
import { createEnvoyer } from '../../../src/envoyer.ts'
import { defineEvent } from '../../../src/event/define.ts'
import { from, type Person, parts, type Site, smtpConnections } from '../baseline/common.ts'

async function writeTemplates(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'envoyer-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'shipped'))
  for (const [part, source] of Object.entries(parts))
    await writeFile(join(folder, `shipped/${part}.liquid`), source)
  return folder
}

/**
 * Set up as the guides say: defaults but for the addresses of the servers. So messages are kept, and
 * a channel has 400 webhooks or 50 mails in flight.
 */
export async function create({
  databaseUrl,
  redisUrl,
  schema,
  smtpPort,
  secret,
}: Omit<Site, 'channel'>) {
  return createEnvoyer({
    ...{ databaseUrl, redisUrl, schema, migrations: 'run' },
    templates: await writeTemplates(),
    events: {
      shipped: defineEvent({
        context: z.object({
          order: z.object({
            id: z.string(),
            items: z.array(z.object({ name: z.string(), count: z.number(), price: z.string() })),
          }),
          carrier: z.string(),
          trackingUrl: z.string(),
        }),
      }),
    },
    channels: {
      webhook: webhook({ backend: http({ allow: ['127.0.0.1'], secret }) }),
      email: email({
        backend: smtp({ host: '127.0.0.1', port: smtpPort, from, connections: smtpConnections }),
      }),
    },
    recipient: { data: ({ name }: Person) => ({ name }) },
  })
}
