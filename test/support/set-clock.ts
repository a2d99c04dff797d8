import { readFileSync } from 'node:fs'

// Preloaded into a program: its clock of the day is ahead by as many milliseconds as a file says.

const now = Date.now.bind(Date)
const file = process.env['CLOCK_AHEAD_FILE'] ?? ''
let aheadMs = 0

const read = (): void => {
  try {
    aheadMs = Number(readFileSync(file, 'utf8'))
  } catch {
    // It is being written.
  }
}

read()
setInterval(read, 20).unref()
Date.now = () => now() + aheadMs
