import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** Creates an empty database on the server of a URL; gives its own URL. */
export async function createDatabase(server: string): Promise<string> {
  const url = new URL(server)
  const client = new pg.Client(url.href)
  await client.connect()
  url.pathname = `test_${randomBytes(6).toString('hex')}`
  await client.query(`CREATE DATABASE ${url.pathname.slice(1)}`)
  await client.end()
  return url.href
}
