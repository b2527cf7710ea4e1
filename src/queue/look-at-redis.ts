import { loadBullmq } from './bullmq.ts'

export interface SeenRedis {
  readonly version: string
  /** What it does when its memory is full; '' where it does not say. */
  readonly maxmemoryPolicy: string
}

/** Connects to Redis once. Throws `package-missing`, and what Redis says. */
export async function lookAtRedis(url: string, timeoutMs: number): Promise<SeenRedis> {
  const { Redis } = await loadBullmq()
  const client = new Redis(url, {
    ...{ lazyConnect: true, retryStrategy: () => null, connectTimeout: timeoutMs },
    ...{ maxRetriesPerRequest: 0, commandTimeout: timeoutMs },
  })
  // The reason comes here, and only that there is no connection to whoever waits for it.
  let reason: Error | undefined
  client.on('error', (error) => {
    reason = error
  })
  try {
    await client.connect()
    // CONFIG GET is refused by many providers; this is what BullMQ reads, too.
    const info = await client.info()
    const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
    return { version: value('redis_version'), maxmemoryPolicy: value('maxmemory_policy') }
  } catch (thrown) {
    throw reason ?? thrown
  } finally {
    client.disconnect()
  }
}
