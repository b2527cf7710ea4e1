/** The process that the test of big sends kills: it sends to very many, and says how far it is. */

import type { BulkEnd, BulkProgress, BulkSettings } from '../support/bulk.ts'
import { createPagerEnvoyer } from '../support/pager.ts'

const { databaseUrl, schema, count, key } = JSON.parse(process.argv[2]!) as BulkSettings
const { envoyer } = createPagerEnvoyer(
  { name: 'postgres', fresh: () => ({ databaseUrl, schema, migrations: 'run' }) },
  undefined,
  { surroundings: { redisUrl: '' } },
)
const collectGarbage = (globalThis as { gc?: () => void }).gc!
const tell = (message: BulkProgress | BulkEnd) => void process.send?.(message)

/** As if read from a table in pages. */
async function* everybody() {
  for (let page = 0; page * 500 < count; page += 1) {
    await new Promise(setImmediate)
    for (let n = page * 500; n < Math.min(count, (page + 1) * 500); n += 1) {
      yield { pager: `p${n}`, userId: n, locale: 'en' }
    }
  }
}

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
const began = performance.now()
let chunks = 0
const result = await envoyer.send(
  'alarm',
  everybody(),
  { what: 'bulk' },
  {
    key,
    onProgress: ({ recipients, deliveries, continued }) => {
      chunks += 1
      if (chunks % 10 === 0) collectGarbage()
      const heapBytes = chunks % 10 === 0 ? process.memoryUsage().heapUsed : undefined
      tell({ type: 'progress', recipients, deliveries, continued, heapBytes })
    },
  },
)
tell({
  type: 'end',
  notificationId: result.notificationId,
  count: result.count,
  skipped: result.skipped.total,
  repeated: result.repeated,
  tookMs: performance.now() - began,
  peakBytes: process.resourceUsage().maxRSS * 1024,
})
await envoyer.close()
process.disconnect()
