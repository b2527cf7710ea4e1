import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  dataRow,
  errorResponse,
  errorText,
  message,
  messages,
  simpleQuery,
  statementOf,
} from '../../src/database/embedded/protocol.ts'
import { readTar, writeTar } from '../../src/database/embedded/tar.ts'
import { createTransactionLimit } from '../../src/database/embedded/transaction-limit.ts'

const typesOf = (bytes: Uint8Array | undefined) =>
  [...messages(bytes ?? new Uint8Array())].map(({ type }) => type).join('')

describe('the messages of the PostgreSQL protocol', () => {
  it('are read as they were written, in any sequence', () => {
    const one = fc.record({
      type: fc.constantFrom('Q', 'P', 'D', 'Z'),
      payload: fc.uint8Array({ maxLength: 50 }),
    })
    fc.assert(
      fc.property(fc.array(one), (sent) => {
        const bytes = Buffer.concat(sent.map(({ type, payload }) => message(type, payload)))
        const read = [...messages(bytes)].map(({ type, payload }) => ({
          type,
          payload: [...payload],
        }))
        assert.deepEqual(
          read,
          sent.map(({ type, payload }) => ({ type, payload: [...payload] })),
        )
      }),
    )
  })

  it('give their statement, their error and their values', () => {
    const [query] = [...messages(simpleQuery("SELECT 'ä'"))]
    assert.equal(statementOf(query!), "SELECT 'ä'")
    const parse = message('P', 'name', 'SELECT $1', Buffer.from([0, 0]))
    assert.equal(statementOf([...messages(parse)][0]!), 'SELECT $1')
    const [error] = [...messages(errorResponse('25P03', 'too long'))]
    assert.equal(errorText(error!.payload), 'too long')
    const row = Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0xc3, 0xa4])
    assert.deepEqual(dataRow(row), [null, 'ä'])
  })
})

describe('a transaction that was rolled back for its length', () => {
  const parse = (sql: string) =>
    Buffer.concat([message('P', '', sql, Buffer.from([0, 0])), message('B'), message('S')])

  /** What each statement is answered, once the limit has struck. */
  async function answersTo(...frames: Uint8Array[]): Promise<string[]> {
    let open = true
    const limit = createTransactionLimit({
      timeoutMs: 1,
      isOpen: () => open,
      rollBack: () => {
        open = false
      },
    })
    limit.watch()
    await new Promise((resolve) => setTimeout(resolve, 20))
    return frames.map((frame) => {
      const answer = limit.refusal(frame)
      return answer ? `${typesOf(answer)} ${String.fromCharCode(answer.at(-1)!)}` : 'passed on'
    })
  }

  it('is refused until it is ended, by ROLLBACK or by COMMIT', async () => {
    assert.deepEqual(
      await answersTo(simpleQuery('SELECT 1'), parse('UPDATE x'), simpleQuery('ROLLBACK')),
      ['EZ E', 'EZ E', 'CZ I'],
    )
    assert.deepEqual(await answersTo(simpleQuery(' commit '), simpleQuery('SELECT 1')), [
      'EZ I',
      'passed on',
    ])
    assert.deepEqual(await answersTo(parse('abort'), parse('SELECT 1')), ['12nCZ I', 'passed on'])
  })

  it('is not ended by the end of a savepoint within it', async () => {
    const statements = ['ROLLBACK TO SAVEPOINT a', 'RELEASE SAVEPOINT a', 'SELECT 1', 'ROLLBACK']
    assert.deepEqual(await answersTo(...statements.map(simpleQuery)), [
      'CZ E',
      'EZ E',
      'EZ E',
      'CZ I',
    ])
  })
})

describe('the tar of the empty database', () => {
  it('is read as it was written', () => {
    const entries = [
      { path: '/base', directory: true, content: Buffer.alloc(0) },
      { path: '/base/1', directory: false, content: Buffer.from('ä'.repeat(700)) },
      { path: '/empty', directory: false, content: Buffer.alloc(0) },
      { path: '/block', directory: false, content: Buffer.alloc(512, 1) },
    ]
    assert.deepEqual([...readTar(writeTar(entries))], entries)
    assert.equal(writeTar(entries).length % 512, 0)
  })
})
