import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArrivedMail } from './stand-ins/mail-server.ts'

/** Writes the mails as pages for the browser; those of the run before are replaced. */
export async function keepMails(folder: string, mails: readonly ArrivedMail[]): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [index, mail] of mails.entries()) {
    const number = String(index + 1).padStart(2, '0')
    await writeFile(join(folder, `${number}-${mail.to}.html`), mail.html)
  }
}
