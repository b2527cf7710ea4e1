/**
 * The smallest SMTP server there is: takes everything, keeps nothing but mails to addresses that
 * begin with `noted-`. Run as a process of its own by benchmarks, so that its work does not count
 * as ours. Prints its port; then, when it reads `noted`, what it kept since the last time, as JSON,
 * and on any other line the number of mails so far.
 */
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

interface Noted {
  readonly name: string
  /** When all of it had come, in milliseconds of the clock that all processes share. */
  readonly at: number
  readonly text: string
}

let mails = 0
let noted: Noted[] = []

function serve(socket: Socket) {
  let inMail = false
  let rest = ''
  /** Of a mail that is kept: its address, and what has come of it. */
  let keeping: { readonly name: string; text: string } | undefined
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.write('220 sink\r\n')
  socket.on('data', (chunk) => {
    let answer = ''
    let text = rest + chunk.toString('latin1')
    for (;;) {
      const mark = inMail ? '\r\n.\r\n' : '\r\n'
      const end = text.indexOf(mark)
      if (end < 0) break
      const line = text.slice(0, end)
      text = text.slice(end + mark.length)
      if (inMail) {
        inMail = false
        mails++
        if (keeping) {
          const at = Number(process.hrtime.bigint()) / 1e6
          noted.push({ name: keeping.name, at, text: keeping.text + line })
          keeping = undefined
        }
        answer += '250 ok\r\n'
      } else if (/^EHLO/i.test(line)) answer += '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n'
      else if (/^DATA/i.test(line)) {
        inMail = true
        answer += '354 go\r\n'
      } else if (/^QUIT/i.test(line)) {
        socket.end(`${answer}221 bye\r\n`)
        return
      } else {
        const name = /^RCPT TO:<(noted-[^@]*)/i.exec(line)?.[1]
        if (name !== undefined) keeping = { name, text: '' }
        answer += '250 ok\r\n'
      }
    }
    // within a mail only what may be the beginning of its end is kept
    rest = inMail ? text.slice(-4) : text
    if (inMail && keeping) keeping.text += text.slice(0, -4)
    if (answer !== '') socket.write(answer)
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as { port: number }).port)
})
createInterface({ input: process.stdin }).on('line', (what) => {
  console.log(what === 'noted' ? JSON.stringify(noted) : mails)
  if (what === 'noted') noted = []
})
process.stdin.on('end', () => process.exit())
