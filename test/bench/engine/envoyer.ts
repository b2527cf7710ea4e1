/** Envoyer among the contestants. */
import pg from 'pg'
import { type Contestant, context, serve } from '../baseline/common.ts'
import { create } from './create-envoyer.ts'

await serve(async (site, settled): Promise<Contestant> => {
  const { channel, schema, databaseUrl } = site
  const envoyer = await create(site)
  envoyer.on('delivery:sent', () => settled(1))
  envoyer.on('delivery:failed', (failed) => console.error(failed))
  // Opens the database, so that no order is held up by it.
  await envoyer.send('shipped', [], context)
  return {
    send: (people, { urgent = false } = {}) =>
      envoyer.send('shipped', people, context, {
        channels: [channel],
        ...(urgent ? { urgent } : {}),
      }),
    work: () => envoyer.worker({ channels: [channel], stopOn: [] }),
    async sent() {
      const client = new pg.Client({ connectionString: databaseUrl })
      await client.connect()
      const { rows } = await client.query(
        `SELECT count(*)::int AS count FROM ${schema}.delivery WHERE status = 'sent'`,
      )
      await client.end()
      return (rows as { count: number }[])[0]!.count
    },
    close: () => envoyer.close(),
  }
})
