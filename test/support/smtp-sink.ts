/**
 * The smallest SMTP server there is: takes everything, keeps nothing. Run as a process of its own
 * by benchmarks, so that its work does not count as ours. Prints its port, then on each line that
 * it reads the number of mails so far.
 */
import { createServer, type Socket } from 'node:net'

let mails = 0

function serve(socket: Socket) {
  let inMail = false
  let rest = ''
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
        answer += '250 ok\r\n'
      } else if (/^EHLO/i.test(line)) answer += '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n'
      else if (/^DATA/i.test(line)) {
        inMail = true
        answer += '354 go\r\n'
      } else if (/^QUIT/i.test(line)) {
        socket.end(`${answer}221 bye\r\n`)
        return
      } else answer += '250 ok\r\n'
    }
    // within a mail only what may be the beginning of its end is kept
    rest = inMail ? text.slice(-4) : text
    if (answer !== '') socket.write(answer)
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as { port: number }).port)
})
process.stdin.on('data', () => console.log(mails))
process.stdin.on('end', () => process.exit())
